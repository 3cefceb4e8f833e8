using System.Globalization;
using System.Net.Sockets;
using TwinGrid.LoadTest;
using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Reporting;
using TwinGrid.LoadTest.Scenarios;
using TwinGrid.LoadTest.Servers;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    // What this program starts to compare with is this program again.
    Task running = args switch
    {
        [MqttnetServer.Verb] => MqttnetServer.RunAsync(),
        [SinkServer.Verb] => SinkServer.RunAsync(),
        _ => RunAsync(args),
    };
    await running;
    return 0;
}
catch (ArgumentProblem problem)
{
    Console.Error.WriteLine(problem.Message);
    foreach (Scenario scenario in Scenario.All)
    {
        Console.Error.WriteLine($"  {scenario.Name,-12} {scenario.What}");
    }

    return 2;
}
catch (Exception problem) when (problem is NoResult or InvalidOperationException or IOException
    or SocketException or InvalidDataException or PlatformNotSupportedException)
{
    Console.Error.WriteLine($"No result: {problem.Message}");
    return 1;
}

static async Task RunAsync(string[] args)
{
    (Scenario scenario, LoadOptions options) = LoadArguments.Read(args, Scenario.All);
    object[] figures = await scenario.RunAsync(options);
    string machine = MachineLine.Read(options.Target is null ? options.DataDirectory ?? Path.GetTempPath() : null);
    Console.WriteLine(machine);
    if (options.Report is { } file)
    {
        await File.WriteAllTextAsync(file, LoadReport.ToJson(scenario.Name, machine, options, figures));
    }
}
