using System.Diagnostics;
using TwinGrid.ClusterTests;
using TwinGrid.FaultTests.Checking;
using TwinGrid.FaultTests.Devices;
using TwinGrid.FaultTests.Processes;

namespace TwinGrid.FaultTests.Faults;

/// <summary>
/// Does the faults of a schedule one after the other, spread over the run, and measures what each of them costs. The
/// next comes when all is well again.
/// </summary>
internal sealed class FaultCampaign(
    Grid grid,
    FaultInjector injector,
    ZombieCommits zombies,
    CommandHistory commands,
    Prober prober,
    Whereabouts whereabouts,
    Verdict verdict,
    Action<string> say)
{
    private static readonly TimeSpan RecoversWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(600);

    private readonly List<FaultOutcome> _outcomes = [];

    /// <summary>What the faults did so far.</summary>
    public IReadOnlyList<FaultOutcome> Outcomes => _outcomes;

    /// <summary>Runs the schedule.</summary>
    /// <param name="faults">The schedule.</param>
    /// <param name="over">The time that it is spread over.</param>
    public async Task RunAsync(IReadOnlyList<Fault> faults, TimeSpan over)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan each = over / Math.Max(1, faults.Count);
        for (int i = 0; i < faults.Count; i++)
        {
            TimeSpan early = (each * i) - Stopwatch.GetElapsedTime(start);
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early);
            }

            await SufferAsync(faults[i], i + 1);
        }

        TimeSpan left = over - Stopwatch.GetElapsedTime(start);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left);
        }
    }

    private async Task SufferAsync(Fault fault, int number)
    {
        await ReadyAsync($"before {Words(fault)}");
        using CancellationTokenSource stop = new();
        Task probing = prober.ProbeAsync(Gateway(fault), stop.Token);
        await Task.Delay(WarmUp);
        IReadOnlySet<string> affected = await AffectedAsync(fault);
        prober.Begin();
        long begun = Stopwatch.GetTimestamp();
        bool hit = await injector.InjectAsync(fault);
        prober.End();
        long healed = Stopwatch.GetTimestamp();
        await ReadyAsync($"after {Words(fault)}");
        await HoldsAsync($"after {Words(fault)}", () => Eventually.HoldsAsync(
            "every probe twin to take a reading", () => prober.AllSince(healed), RecoversWithin));
        TimeSpan recovered = Stopwatch.GetElapsedTime(healed);
        ProbeWindow[] windows =
            [.. prober.Windows().Where(twin => affected.Contains(twin.Key)).Select(static twin => twin.Value)];
        await stop.CancelAsync();
        await probing;
        commands.Disturb(new Disturbance(
            fault.Victim, begun, healed, Stopwatch.GetTimestamp(), fault.HoldsDevices, fault.MayEndProcess));
        await zombies.TryAsync();
        _outcomes.Add(new FaultOutcome(fault, hit, windows));
        double longest = windows.Select(static window => window.Longest.TotalMilliseconds).DefaultIfEmpty().Max();
        say($"fault {number}: {Words(fault)}{(hit ? "" : ", hit nothing")}; {windows.Length} twins affected for at "
            + $"most {longest:0} ms, all well {recovered.TotalSeconds:0.0} s after its end");
    }

    private string Words(Fault fault)
    {
        string where = fault.Kind is FaultKind.Cut or FaultKind.Delay or FaultKind.HalfOpen ? $" {fault.Link}" : "";
        return $"{fault.Kind}{where} of {grid.Silos[fault.Victim].Name}, way {fault.Variant}, for "
            + $"{fault.Length.TotalSeconds:0.0} s";
    }

    private Task ReadyAsync(string when) => HoldsAsync(when, () => grid.ReadyAsync(grid.Silos, RecoversWithin));

    private async Task HoldsAsync(string when, Func<Task> condition)
    {
        try
        {
            await condition();
        }
        catch (TimeoutException problem)
        {
            verdict.NotRecovered($"{when}: {problem.Message}");
        }
    }

    // A silo's fault concerns the twins that it has; that of the database, or of a gateway, whoever comes through it;
    // that of devices none but their own.
    private async Task<IReadOnlySet<string>> AffectedAsync(Fault fault)
    {
        if (fault.Kind == FaultKind.PowerLoss)
        {
            return new HashSet<string>();
        }

        bool isOfSilo = fault.Kind is FaultKind.SiloKill or FaultKind.SiloPause or FaultKind.StopAndJoin
            or FaultKind.PartitionFull or FaultKind.PartitionOneWay or FaultKind.PartitionPair
            || (fault.Kind is FaultKind.Cut or FaultKind.Delay or FaultKind.HalfOpen && fault.Link != Link.Devices);
        IReadOnlySet<string>? found = isOfSilo && !IsOfGateway(fault)
            ? await whereabouts.FindAsync(grid.Silos[fault.Victim].Place.Network.Silo, prober.Twins)
            : null;
        return found ?? prober.Twins.ToHashSet(StringComparer.Ordinal);
    }

    // Through a gateway that the fault does not touch, but where it is a gateway's or its devices' link.
    private int Gateway(Fault fault) =>
        IsOfGateway(fault) || fault is
        { Link: Link.Devices, Kind: FaultKind.Cut or FaultKind.Delay or FaultKind.HalfOpen }
            ? fault.Victim
            : (fault.Victim + 1) % grid.Gateways.Count;

    private bool IsOfGateway(Fault fault) => grid.Silos[fault.Victim].Place.IsGatewayOnly;
}
