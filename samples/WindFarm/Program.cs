using WindFarm;
using WindFarm.Scada;

try
{
    FarmOptions options = FarmOptions.Parse(args);
    if (options.Generate is string file)
    {
        ScadaFile.Write(file, ScadaGenerator.Rows(options.Rows, options.Seed));
        return 0;
    }

    return await FarmRun.RunAsync(options, args);
}
catch (Exception e) when (e is FormatException or IOException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}
