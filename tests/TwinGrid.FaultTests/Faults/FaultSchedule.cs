namespace TwinGrid.FaultTests.Faults;

/// <summary>
/// The faults of a run, decided by its seed alone: all kinds in shuffled rounds, so that none is missing for long.
/// </summary>
internal static class FaultSchedule
{
    /// <summary>The kinds that a grid can suffer.</summary>
    /// <param name="gateways">Processes that are gateways only.</param>
    public static IReadOnlyList<FaultKind> Kinds(int gateways) =>
        [.. Enum.GetValues<FaultKind>().Where(kind => gateways > 0 || kind != FaultKind.GatewayKill)];

    /// <summary>Makes the schedule.</summary>
    /// <param name="seed">The same seed makes the same schedule.</param>
    /// <param name="count">How many faults.</param>
    /// <param name="silos">Silos with all roles.</param>
    /// <param name="gateways">Processes that are gateways only; their places come after the silos'.</param>
    public static IReadOnlyList<Fault> Make(int seed, int count, int silos, int gateways)
    {
#pragma warning disable CA5394 // Nothing here is a secret.
        Random random = new(seed);
        Link[] links = silos + gateways > 1 ? Enum.GetValues<Link>() : [Link.Devices, Link.Database];
        FaultKind[] round = [.. Kinds(gateways)];
        List<Fault> faults = [];
        while (faults.Count < count)
        {
            random.Shuffle(round);
            foreach (FaultKind kind in round.Take(count - faults.Count))
            {
                int victim = kind == FaultKind.GatewayKill ? silos + random.Next(gateways) : random.Next(silos);
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
            FaultKind.Cut or FaultKind.HalfOpen => (1.0, 6.0),
            _ => (0.5, 3.0),
        };
        return TimeSpan.FromSeconds(least + (random.NextDouble() * (most - least)));
#pragma warning restore CA5394
    }
}
