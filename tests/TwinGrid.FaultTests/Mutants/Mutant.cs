namespace TwinGrid.FaultTests.Mutants;

/// <summary>
/// A wrong that the harness must find. None of them is in the grid: each is made at a seam from here, and says where.
/// </summary>
internal enum Mutant
{
    /// <summary>Nothing is wrong on purpose.</summary>
    None,

    /// <summary>The grid's own setting <c>Mqtt:Acknowledge=Applied</c>: a PUBACK before the commit.</summary>
    AckBeforeCommit,

    /// <summary>The devices: what is sent again has a new number, so that no grid could know it.</summary>
    SkipDedup,

    /// <summary>The database: no primary key on the log, and no silo's life can be fenced.</summary>
    NoFencing,

    /// <summary>The database: no silo's life can be fenced; the primary key stays.</summary>
    NoLifeFence,

    /// <summary>The devices' buffers: when full they drop the oldest and take it for acknowledged.</summary>
    DropOldest,

    /// <summary>The operators: a retry has an Idempotency-Key of its own.</summary>
    NewCommandId,

    /// <summary>The readers: an answer is shown again to who asks within two seconds.</summary>
    StaleRead,

    /// <summary>The database, while no silo runs: snapshots say that they hold one turn more than they do.</summary>
    OffByOneReplay,

    /// <summary>The devices: what is late has the time of its sending, so that it covers what is newer.</summary>
    LateOverNewer,

    /// <summary>The devices: a command's expiry is not looked at.</summary>
    ExecuteExpired,

    /// <summary>The links to devices: commands come 3 s after their time.</summary>
    DeliverExpired,
}
