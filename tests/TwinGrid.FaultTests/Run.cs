using System.Diagnostics;
using TwinGrid.ClusterTests;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.FaultTests.Arguments;
using TwinGrid.FaultTests.Checking;
using TwinGrid.FaultTests.Devices;
using TwinGrid.FaultTests.Faults;
using TwinGrid.FaultTests.Mutants;
using TwinGrid.FaultTests.Network;
using TwinGrid.FaultTests.People;
using TwinGrid.FaultTests.Processes;
using TwinGrid.FaultTests.Reporting;

namespace TwinGrid.FaultTests;

/// <summary>One run: a grid, its devices and people, the faults, and the judgement.</summary>
/// <param name="options">What is to be run.</param>
/// <param name="say">Told what goes on.</param>
/// <param name="publish">Given the report, before anything is put away that could fail then.</param>
internal sealed class Run(FaultOptions options, Action<string> say, Action<FaultReport> publish)
{
    private const int ProbeTwins = 12;

    private static readonly TimeSpan SettlesWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CommandsEndWithin = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(60);

    private readonly Verdict _verdict = new();
    private readonly CommandHistory _commands = new();
    private readonly TwinHistory[] _twins =
        [.. Enumerable.Range(0, options.Devices).Select(static i => new TwinHistory($"asset/d{i:000}"))];

    private readonly Dictionary<string, FinalTwin?> _finals = [];
    private long _fencedLives;

    /// <summary>Runs it to its end.</summary>
    /// <returns>What it showed; where it broke off, what it showed until then and why.</returns>
    public async Task<FaultReport> ExecuteAsync()
    {
        await using Grid grid = await Grid.StartAsync(options);
        say($"{grid.Silos.Count} process(es) ready, seed {options.Seed}, mutant {options.Mutant}, in {grid.Root}");
        Fleet fleet = Devices(grid.Root, grid.Gateways);
        Readers readers = new(grid.Apis, _twins, options.Seed, options.Mutant);
        ZombieCommits zombies = new(grid.Database);
        Prober prober = new([.. Enumerable.Range(0, ProbeTwins).Select(static i => $"probe/p{i:00}")], grid.Gateways);
        await using Whereabouts whereabouts =
            await Whereabouts.ConnectAsync(grid.Silos.Select(static silo => silo.Place.Network.Clients));
        FaultCampaign campaign = new(
            grid, new FaultInjector(grid, fleet, zombies, _verdict), zombies, _commands, prober, whereabouts, _verdict,
            say);
        string? brokeOff = null;
        try
        {
            await LiveAsync(grid, fleet, readers, campaign);
            await AuditAsync(grid);
            await StopAsync(grid);
            await JudgeAsync(grid);
        }
        catch (Exception problem) when (problem is not ArgumentProblemException)
        {
            // What was seen until then stays seen; what went wrong with the harness is told in full.
            say($"broke off: {problem}");
            brokeOff = $"it broke off, and not all was judged: {problem.Message}";
        }

        FaultReport report = Report(grid, campaign, fleet, readers, zombies, brokeOff);
        publish(report);
        return report;
    }

    private async Task LiveAsync(Grid grid, Fleet fleet, Readers readers, FaultCampaign campaign)
    {
        Operators operators = new(
            grid.Apis, [.. _twins.Select(static twin => twin.Twin)], _commands, TimeSpan.FromSeconds(options.Seconds),
            options.Seed, options.Mutant);
        await using (fleet)
        await using (readers)
        await using (operators)
        {
            fleet.Start();
            await Eventually.HoldsAsync(
                "every device to be acknowledged", () => _twins.All(static t => t.AcknowledgedReadings > 0));
            readers.Start();
            operators.Start();
            await campaign.RunAsync(FaultSchedule.Make(options), TimeSpan.FromSeconds(options.Seconds));
            await SettleAsync(grid, fleet, operators);
        }
    }

    private Fleet Devices(string root, IReadOnlyList<GatewayDoor> gateways) =>
        new([.. _twins.Select((twin, i) => new SimulatedDevice(new DeviceSetup
        {
            Index = i,
            History = twin,
            Commands = _commands,
            Gateways = gateways,
            Memory = Path.Combine(root, $"device-{i:000}"),
            Batch = options.Batch,
            Period = TimeSpan.FromMilliseconds(options.Period),
            Mutant = options.Mutant,
        }))]);

    // C12: when the faults are over, all that waits comes to its end.
    private async Task SettleAsync(Grid grid, Fleet fleet, Operators operators)
    {
        await grid.Network.HealAsync();
        fleet.StopMeasuring();
        await operators.FinishAsync();
        await WithinAsync(
            SettlesWithin, "every message to be acknowledged", () => Task.FromResult(fleet.Left), fleet.Left);
        await WithinAsync(CommandsEndWithin, "every command to come to its end", operators.AskAsync, -1);
        say($"settled: {fleet.SentAgain} messages sent again, {fleet.Connections} connections, "
            + $"{operators.Retries} requests of operators sent again");
    }

    private async Task WithinAsync(TimeSpan patience, string what, Func<Task<int>> left, int before)
    {
        try
        {
            await Eventually.SeeAsync(what, left, static count => count == 0, patience);
        }
        catch (TimeoutException problem)
        {
            _verdict.NotRecovered($"{problem.Message} ({before} when the faults ended)");
        }
    }

    private async Task AuditAsync(Grid grid)
    {
        if (options.Mutant == Mutant.OffByOneReplay)
        {
            await ForgeAsync(grid);
        }

        using Auditor auditor = new(grid.Apis[^1]);
        foreach (TwinHistory twin in _twins)
        {
            try
            {
                _finals[twin.Twin] = await auditor.LookAsync(twin.Twin);
            }
            catch (Exception e) when (e is TimeoutException or HttpRequestException or OperationCanceledException)
            {
                _finals[twin.Twin] = null;
                _verdict.NotRecovered($"{twin.Twin} cannot be read when all is over: {e.Message}");
            }
        }
    }

    private async Task ForgeAsync(Grid grid)
    {
        foreach (GridSilo silo in grid.Silos)
        {
            await silo.KillAsync();
        }

        say($"{await SnapshotForgery.ApplyAsync(grid.Database)} snapshots forged");
        foreach (GridSilo silo in grid.Silos)
        {
            await silo.StartAsync();
        }

        await grid.ReadyAsync(grid.Silos, SettlesWithin);
    }

    private async Task StopAsync(Grid grid)
    {
        await grid.StopSupervisingAsync();
        foreach (GridSilo silo in grid.Silos)
        {
            int? exitCode = await silo.StopAsync(StopsWithin);
            if (exitCode != 0)
            {
                _verdict.NotRecovered($"when all was over {silo.Name} {GridSilo.HowItEnded(exitCode)}");
            }
        }
    }

    private async Task JudgeAsync(Grid grid)
    {
        Dictionary<string, TwinHistory> histories = _twins.ToDictionary(static twin => twin.Twin);
        HashSet<string> found = [];
        await foreach ((string twin, IReadOnlyList<LoggedTurn> log) in grid.Database.ReadLogsAsync())
        {
            if (histories.TryGetValue(twin, out TwinHistory? history))
            {
                found.Add(twin);
                new TwinChecker(history, _verdict).Judge(log, _finals[twin]);
            }
        }

        foreach (TwinHistory history in _twins.Where(twin => !found.Contains(twin.Twin)))
        {
            new TwinChecker(history, _verdict).Judge([], _finals[history.Twin]);
        }

        new CommandChecker(_commands, _verdict).Judge();
        long zombies = await grid.Database.ZombieCommitsAsync();
        _verdict.Zombie(zombies, $"{zombies} turns were committed by lives that were fenced before");
        long twice = await grid.Database.DoubleCommitsAsync();
        _verdict.Zombie(twice, $"{twice} revisions were committed more than once");
        _fencedLives = await grid.Database.FencedLivesAsync();
        ProgramEnd verified = await grid.VerifyAsync();
        if (verified.ExitCode != 0)
        {
            _verdict.NotRecovered($"verify ended with {verified.ExitCode}: {verified.Output.Trim()}");
        }
    }

    private FaultReport Report(
        Grid grid, FaultCampaign campaign, Fleet fleet, Readers readers, ZombieCommits zombies, string? brokeOff)
    {
        ILookup<FaultKind, FaultOutcome> hits =
            campaign.Outcomes.Where(static outcome => outcome.Hit).ToLookup(static outcome => outcome.Fault.Kind);
        IReadOnlyList<FaultKind> kinds = FaultSchedule.Kinds(options);
        RunAmounts done = new(
            Readings: _twins.Sum(static twin => twin.AcknowledgedReadings),
            DurableReads: readers.Answered - readers.NotDurable - readers.Unknown,
            Executed: _commands.Executions.Count,
            CalledBack: Ended("cancelled"),
            Expired: Ended("expired"),
            zombies.Attempts);
        return new FaultReport
        {
            Acknowledged = done.Readings,
            Faults = kinds.ToDictionary(Name, kind => hits[kind].Count()),
            Lost = _verdict.Lost,
            Duplicated = _verdict.Duplicated,
            Phantom = _verdict.Phantom,
            OutOfOrder = _verdict.OutOfOrder,
            StaleReads = _verdict.StaleReads,
            ZombieCommits = _verdict.ZombieCommits,
            Fenced = grid.Silos.Sum(static silo => silo.Fenced),
            CommandsIssued = _commands.Intentions.Count(static intention => intention.Id is not null),
            CommandsSucceeded = Ended("succeeded"),
            CommandsExpired = done.Expired,
            CommandsCancelled = done.CalledBack,
            CommandsExecuted = done.Executed,
            CommandsDoubled = _verdict.CommandsDoubled,
            UnavailableMs = kinds.ToDictionary(
                Name, kind => UnavailabilityFigures.Of([.. hits[kind]], static window => window.Longest)),
            ResumedMs = kinds.ToDictionary(
                Name, kind => UnavailabilityFigures.Of([.. hits[kind]], static window => window.AfterEnd)),
            PeakRssMiB = Math.Round(grid.Silos.Max(static silo => silo.PeakKibibytes) / 1024.0),
            Seeds = [options.Seed],
            Machine = LoadTest.Reporting.MachineLine.Read(grid.Root),
            Divergent = _verdict.Divergent,
            CommandsLost = _verdict.CommandsLost,
            CommandsExecutedExpired = _verdict.ExecutedExpired,
            CommandsReceivedExpired = _verdict.ReceivedExpired,
            CommandsWrongEnd = _verdict.CommandsWrongEnd,
            Unrecovered = _verdict.Unrecovered,
            FencedLives = _fencedLives,
            ZombieAttempts = done.ZombieAttempts,
            RestartsWithMessages = fleet.RestartsWithMessages,
            SentAgain = fleet.SentAgain,
            Reads = readers.Answered,
            ReadsNotDurable = readers.NotDurable,
            ReadsUnknown = readers.Unknown,
            ReadsRefused = readers.Refused,
            UnexpectedEnds = [.. grid.Silos.SelectMany(static silo => silo.UnexpectedEnds)],
            Network = options.Network,
            Mutant = options.Mutant.ToString(),
            Refused = brokeOff
                ?? ResultRules.Refuse(done, kinds, [.. hits.SelectMany(static kind => kind.Select(_ => kind.Key))]),
            Violations = _verdict.Violations,
        };
    }

    private long Ended(string status) => _commands.Intentions.Count(intention => intention.Status == status);

    private static string Name(FaultKind kind) =>
        System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());
}
