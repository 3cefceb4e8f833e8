using TwinGrid.FaultTests.Arguments;
using TwinGrid.FaultTests.Network;

namespace TwinGrid.FaultTests.Faults;

/// <summary>
/// The faults of a run, decided by its seed alone: all kinds in shuffled rounds, so that none is missing for long.
/// </summary>
internal static class FaultSchedule
{
    /// <summary>The kinds that a grid can suffer.</summary>
    /// <param name="options">What the grid is.</param>
    public static IReadOnlyList<FaultKind> Kinds(FaultOptions options)
    {
        bool parts = options.Network == NetworkKind.Namespaces;
        return [.. Enum.GetValues<FaultKind>().Where(kind => kind switch
        {
            FaultKind.GatewayKill => options.Gateways > 0,
            FaultKind.PartitionFull or FaultKind.PartitionOneWay => parts,
            FaultKind.PartitionPair => parts && options.Silos + options.Gateways > 2,
            _ => true,
        })];
    }

    /// <summary>Makes the schedule: the same options, the seed among them, make the same.</summary>
    /// <param name="options">What the grid is, and how many faults; gateways have their places after the silos.</param>
    public static IReadOnlyList<Fault> Make(FaultOptions options)
    {
#pragma warning disable CA5394 // Nothing here is a secret.
        Random random = new(options.Seed);
        int all = options.Silos + options.Gateways;
        Link[] links = all > 1 ? Enum.GetValues<Link>() : [Link.Devices, Link.Database];
        FaultKind[] round = [.. Kinds(options)];
        List<Fault> faults = [];
        while (faults.Count < options.Faults)
        {
            random.Shuffle(round);
            foreach (FaultKind kind in round.Take(options.Faults - faults.Count))
            {
                int victim = kind switch
                {
                    FaultKind.GatewayKill => random.Next(options.Silos, all),
                    FaultKind.Cut or FaultKind.Delay or FaultKind.HalfOpen or FaultKind.PartitionFull
                        or FaultKind.PartitionOneWay or FaultKind.PartitionPair => random.Next(all),
                    _ => random.Next(options.Silos),
                };
                faults.Add(new Fault(
                    kind, victim, links[random.Next(links.Length)], random.Next(1_000), Length(kind, random)));
            }
        }

        return faults;
    }

    // Long enough to be noticed where noticing takes time: a silo that is silent is given up after 4 to 6 s.
    private static TimeSpan Length(FaultKind kind, Random random)
    {
        (double least, double most) = kind switch
        {
            FaultKind.SiloPause => (3.0, 11.0),
            FaultKind.DatabaseRestart or FaultKind.DatabaseAndSiloKill => (0.2, 2.5),
            FaultKind.Delay => (3.0, 6.0),
            FaultKind.Cut or FaultKind.HalfOpen or FaultKind.PowerLoss => (1.0, 6.0),
            FaultKind.PartitionFull or FaultKind.PartitionOneWay or FaultKind.PartitionPair => (3.0, 15.0),
            _ => (0.5, 3.0),
        };
        return TimeSpan.FromSeconds(least + (random.NextDouble() * (most - least)));
#pragma warning restore CA5394
    }
}
