namespace TwinGrid.Storage.Log;

/// <summary>
/// What every store's rows share: their version and their checksum. The checksum covers the twin's identity too, so
/// that a row that was put to another twin is found as well as a flipped bit.
/// </summary>
internal static class LogRow
{
    /// <summary>
    /// The version of the rows that are written now; each row carries the one that it was written with. A change of
    /// meaning, of a column or of the checksum, takes the next number.
    /// </summary>
    public const byte Version = 1;

    /// <summary>What an operator does about a damaged log.</summary>
    public const string WhatToDo =
        "Stop the silo, keep the damaged files, check the disk and restore a backup; a twin is never loaded with a "
        + "part of its history missing.";

    /// <summary>The checksum of a turn: version, identity, revision, time, fold version, inputs.</summary>
    public static uint Checksum(TwinTurn turn)
    {
        Crc32C crc = Begin(turn.Twin, turn.Revision);
        crc.Add(turn.Time);
        crc.Add(turn.FoldVersion);
        crc.Add(turn.Inputs.Span);
        return crc.Value;
    }

    /// <summary>
    /// True for a turn that changes whether its twin is listed: one that a first turn makes is listed as it is.
    /// </summary>
    public static bool ChangesListing(TwinTurn turn) =>
        turn.Exists == false || (turn.Exists == true && turn.Revision > 1);

    /// <summary>The checksum of a snapshot: version, identity, revision, fold version, next due time, state.</summary>
    public static uint Checksum(StoredSnapshot snapshot)
    {
        Crc32C crc = Begin(snapshot.Twin, snapshot.Revision);
        crc.Add(snapshot.FoldVersion);
        crc.Add(snapshot.NextDue ?? UnixMicroseconds.Absent);
        crc.Add(snapshot.State.Span);
        return crc.Value;
    }

    /// <summary>The checksum of a session: version, tenant, client, expiry, when it ended, state.</summary>
    public static uint Checksum(StoredSession session)
    {
        Crc32C crc = new();
        crc.Add(Version);
        crc.AddSegment(TwinId.DefaultTenant);
        crc.AddText(session.Client);
        crc.Add(session.ExpirySeconds);
        crc.Add(session.EndedAt ?? UnixMicroseconds.Absent);
        crc.Add(session.State.Span);
        return crc.Value;
    }

    /// <summary>Refuses a row that a newer TwinGrid wrote.</summary>
    public static void EnsureReadable(long version, TwinId twin, long revision)
    {
        if (version is < 1 or > Version)
        {
            throw new TwinGridException(
                $"The row of twin {twin} at revision {revision} has version {version} and this TwinGrid reads up to "
                + $"{Version}: start the version that wrote it.");
        }
    }

    /// <summary>Refuses a row whose bytes are not those that were written.</summary>
    public static void EnsureIntact(uint stored, uint computed, string what, TwinId twin, long revision)
    {
        if (stored != computed)
        {
            throw new TwinDamagedException(
                $"The {what} of twin {twin} at revision {revision} fails its checksum (CRC32C is {computed:x8}, the "
                + $"row says {stored:x8}): the store is damaged. {WhatToDo}");
        }
    }

    /// <summary>What is wrong with a row; null where nothing is.</summary>
    public static string? Fault(long version, uint stored, uint computed) =>
        version is < 1 or > Version
            ? $"its row has version {version} and this TwinGrid reads up to {Version}"
            : stored == computed ? null : $"its CRC32C is {computed:x8} and the row says {stored:x8}";

    /// <summary>Says that a turn is gone that nobody erased.</summary>
    public static TwinDamagedException Missing(TwinId twin, long revision) => new(
        $"The turn of twin {twin} at revision {revision} is missing: the store is damaged. {WhatToDo}");

    private static Crc32C Begin(TwinId twin, long revision)
    {
        Crc32C crc = new();
        crc.Add(Version);
        crc.AddSegment(TwinId.DefaultTenant);
        crc.AddSegment(twin.Kind);
        crc.AddSegment(twin.Key);
        crc.Add(revision);
        return crc;
    }
}
