using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using TwinGrid.FaultTests;
using TwinGrid.FaultTests.Arguments;
using TwinGrid.FaultTests.Reporting;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
long start = Stopwatch.GetTimestamp();
using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using PosixSignalRegistration hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
try
{
    FaultOptions options = FaultArguments.Read(args);
    FaultReport report = await new Run(options, Say, result => Publish(result, options.Report)).ExecuteAsync();
    if (!report.IsClean)
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
catch (Exception problem)
{
    // The grid did not come up, or could not be put away: nothing that was judged is lost by it.
    Console.Error.WriteLine($"No result: {problem}");
    return 2;
}

// What was started and made is ended and removed by those who did, when the process ends in order.
static void End(PosixSignalContext signal)
{
    signal.Cancel = true;
    Console.Error.WriteLine($"No result: {signal.Signal}");
    Environment.Exit(2);
}

static void Publish(FaultReport report, string? file)
{
    string text = report.ToJson();
    Console.WriteLine(text);
    if (file is not null)
    {
        File.WriteAllText(file, text);
    }
}

void Say(string what) => Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(start).TotalSeconds,7:0.0} s  {what}");
