using System.Diagnostics;
using System.Globalization;
using TwinGrid.FaultTests;
using TwinGrid.FaultTests.Arguments;
using TwinGrid.FaultTests.Reporting;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
long start = Stopwatch.GetTimestamp();
try
{
    FaultOptions options = FaultArguments.Read(args);
    FaultReport report = await new Run(options, Say).ExecuteAsync();
    string text = report.ToJson();
    Console.WriteLine(text);
    if (options.Report is { } file)
    {
        await File.WriteAllTextAsync(file, text);
    }

    bool isClean = report is
    {
        Lost: 0, Duplicated: 0, Phantom: 0, OutOfOrder: 0, StaleReads: 0, ZombieCommits: 0, CommandsDoubled: 0,
        Divergent: 0, CommandsLost: 0, CommandsExecutedExpired: 0, Unrecovered: 0,
    };
    if (!isClean)
    {
        Console.Error.WriteLine($"{report.Violations.Count} violations, --seed {report.Seeds[0]} repeats the schedule");
        return 1;
    }

    if (report.Refused is { } reason)
    {
        Console.Error.WriteLine($"No result: {reason}");
        return 2;
    }

    return 0;
}
catch (ArgumentProblemException problem)
{
    Console.Error.WriteLine(problem.Message);
    return 2;
}
catch (Exception problem) when (problem is NoResultException or TimeoutException)
{
    Console.Error.WriteLine($"No result: {problem.Message}");
    return 2;
}

void Say(string what) => Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(start).TotalSeconds,7:0.0} s  {what}");
