namespace TwinGrid.FaultTests.Faults;

/// <summary>The kinds of faults; a run that lacks one of them shows nothing.</summary>
internal enum FaultKind
{
    /// <summary>kill -9 of a silo; it is started again.</summary>
    SiloKill,

    /// <summary>SIGSTOP of a silo, and SIGCONT when the others may have given it up.</summary>
    SiloPause,

    /// <summary>PostgreSQL is killed, or stopped as if it had been, and started again.</summary>
    DatabaseRestart,

    /// <summary>kill -9 of PostgreSQL and, while it is away, of a silo; both are started again.</summary>
    DatabaseAndSiloKill,

    /// <summary>Connections end and are refused.</summary>
    Cut,

    /// <summary>Everything on a link comes late.</summary>
    Delay,

    /// <summary>Nothing comes through in one direction, or in both, and nobody is told.</summary>
    HalfOpen,

    /// <summary>kill -9 of a process that is a gateway only.</summary>
    GatewayKill,

    /// <summary>SIGTERM of a silo, and its return.</summary>
    StopAndJoin,

    /// <summary>Half of the devices are without power, and come back in a new epoch.</summary>
    PowerLoss,

    /// <summary>A host sees none of the others, or none of the other silos; packets are lost both ways.</summary>
    PartitionFull,

    /// <summary>The same in one direction only.</summary>
    PartitionOneWay,

    /// <summary>Two hosts do not see each other, while both see all others.</summary>
    PartitionPair,
}

/// <summary>Between whom.</summary>
internal enum Link
{
    /// <summary>Devices and a gateway.</summary>
    Devices,

    /// <summary>A silo and PostgreSQL.</summary>
    Database,

    /// <summary>A silo and another one.</summary>
    Silos,
}

/// <summary>A fault of the schedule.</summary>
/// <param name="Kind">What.</param>
/// <param name="Victim">To which silo, by its place.</param>
/// <param name="Link">On which link, where it is one of links.</param>
/// <param name="Variant">A number that chooses among the ways of doing it.</param>
/// <param name="Length">For how long.</param>
internal sealed record Fault(FaultKind Kind, int Victim, Link Link, int Variant, TimeSpan Length)
{
    /// <summary>True where what the victim sends to devices may come late.</summary>
    public bool HoldsDevices => Kind switch
    {
        FaultKind.SiloPause or FaultKind.Delay or FaultKind.PartitionFull or FaultKind.PartitionOneWay => true,
        FaultKind.Cut or FaultKind.HalfOpen => Link == Link.Devices,
        _ => false,
    };

    /// <summary>True where a process dies of it, or others may take one for dead.</summary>
    public bool MayEndProcess => Kind switch
    {
        FaultKind.Cut or FaultKind.HalfOpen => Link != Link.Devices,
        FaultKind.DatabaseRestart or FaultKind.StopAndJoin or FaultKind.PowerLoss => false,
        _ => true,
    };
}

/// <summary>What a fault did.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Hit">False where there was nothing that it could hit.</param>
/// <param name="Windows">What it was to each affected probe twin.</param>
internal sealed record FaultOutcome(Fault Fault, bool Hit, IReadOnlyList<ProbeWindow> Windows);

/// <summary>What a fault was to a twin.</summary>
/// <param name="Longest">The longest time without an acknowledged reading since it began.</param>
/// <param name="AfterEnd">From its end to the first acknowledged reading.</param>
internal readonly record struct ProbeWindow(TimeSpan Longest, TimeSpan AfterEnd);
