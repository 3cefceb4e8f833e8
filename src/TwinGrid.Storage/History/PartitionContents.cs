using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.History;

/// <summary>How many rows of one sort a partition has of a twin, and what they span.</summary>
/// <param name="Rows">How many.</param>
/// <param name="FirstRevision">The first revision of their parts.</param>
/// <param name="LastRevision">The last revision of their parts.</param>
/// <param name="FirstTime">The least time.</param>
/// <param name="LastTime">The greatest time.</param>
internal readonly record struct SealedRows(
    long Rows, long FirstRevision, long LastRevision, long FirstTime, long LastTime)
{
    /// <summary>True where a row of them may reach into [from, to).</summary>
    public bool ReachInto(long from, long to) => FirstTime < to && LastTime >= from;
}

/// <summary>
/// What a partition has of a twin: its segments, and the blocks of each telemetry. It stands beside how far the twin is
/// sealed, and changes with it, so that rows that are lost from a partition are missed, and a partition that is damaged
/// fails only questions that need it.
/// </summary>
internal sealed class PartitionContents
{
    /// <summary>The version of the form; it stands first.</summary>
    public const byte Version = 1;

    private const int MostSorts = 1 << 16;

    // No telemetry has an empty name: those are the segments of turns.
    private const string TurnsName = "";

    private readonly SortedDictionary<string, SealedRows> _sorts = new(StringComparer.Ordinal);

    /// <summary>The segments; null for none.</summary>
    public SealedRows? Turns => Of(TurnsName);

    /// <summary>The blocks of each telemetry.</summary>
    public IEnumerable<KeyValuePair<string, SealedRows>> Telemetry => _sorts.Where(sort => sort.Key != TurnsName);

    /// <summary>The blocks of one telemetry; null for none.</summary>
    public SealedRows? Of(string telemetry) => _sorts.TryGetValue(telemetry, out SealedRows rows) ? rows : null;

    /// <summary>Rows were sealed.</summary>
    public void Add(IEnumerable<HistoryRow> rows)
    {
        foreach (HistoryRow row in rows)
        {
            string name = row.Telemetry ?? TurnsName;
            _sorts[name] = Of(name) is { } known
                ? new SealedRows(
                    known.Rows + 1,
                    Math.Min(known.FirstRevision, row.FirstRevision),
                    Math.Max(known.LastRevision, row.LastRevision),
                    Math.Min(known.FirstTime, row.FirstTime),
                    Math.Max(known.LastTime, row.LastTime))
                : new SealedRows(1, row.FirstRevision, row.LastRevision, row.FirstTime, row.LastTime);
        }
    }

    /// <summary>Packs it; a checksum covers whose it is.</summary>
    public byte[] Pack(TwinId twin)
    {
        BlockWriter body = new();
        body.Varint((ulong)_sorts.Count);
        foreach ((string name, SealedRows rows) in _sorts)
        {
            body.Text(name);
            body.Varint((ulong)rows.Rows);
            body.Signed(rows.FirstRevision);
            body.Signed(rows.LastRevision);
            body.Signed(rows.FirstTime);
            body.Signed(rows.LastTime);
        }

        BlockWriter writer = new();
        writer.Byte(Version);
        writer.Varint(Checksum(twin, body.Written));
        writer.Bytes(body.Written);
        return writer.Written.ToArray();
    }

    /// <summary>Unpacks it.</summary>
    /// <exception cref="TwinGridException">It is damaged, another twin's, or of a newer TwinGrid.</exception>
    public static PartitionContents Unpack(TwinId twin, ReadOnlySpan<byte> packed)
    {
        BlockReader reader = new(packed);
        byte version = reader.Byte();
        if (version != Version)
        {
            throw new TwinGridException(
                $"The list of what history has of {twin} has version {version} and this TwinGrid reads {Version}: "
                + "start the version that wrote it.");
        }

        ulong stored = reader.Varint();
        ReadOnlySpan<byte> bytes = reader.Rest();
        if (stored != Checksum(twin, bytes))
        {
            throw new TwinGridException(
                $"The list of what history has of {twin} fails its checksum: the store is damaged. {LogRow.WhatToDo}");
        }

        PartitionContents contents = new();
        BlockReader body = new(bytes);
        for (int left = body.Count(MostSorts); left > 0; left--)
        {
            contents._sorts[body.Text()] = new SealedRows(
                (long)body.Varint(), body.Signed(), body.Signed(), body.Signed(), body.Signed());
        }

        body.End();
        return contents;
    }

    /// <summary>Says that blocks of readings are gone that nobody erased.</summary>
    public static string Missing(string telemetry, long missing, long all) =>
        $"{missing} of {all} sealed blocks of readings of {telemetry} are missing";

    private static uint Checksum(TwinId twin, ReadOnlySpan<byte> body)
    {
        Crc32C crc = new();
        crc.Add(Version);
        crc.AddSegment(TwinId.DefaultTenant);
        crc.AddSegment(twin.Kind);
        crc.AddSegment(twin.Key);
        crc.Add(body);
        return crc.Value;
    }
}
