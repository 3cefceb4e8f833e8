using System.IO.Compression;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.History;

/// <summary>
/// Some readings of one telemetry, or some turns, as a row of a partition has them; its checksum covers whose they are.
/// </summary>
/// <param name="Telemetry">The telemetry's name; null for turns.</param>
/// <param name="FirstRevision">The first revision of the part that they were sealed with.</param>
/// <param name="LastRevision">The last revision of that part.</param>
/// <param name="FirstTime">The least time.</param>
/// <param name="LastTime">The greatest time.</param>
/// <param name="Packed">The packed readings or turns.</param>
/// <param name="State">The packed state before the turns; null for readings and for an empty twin.</param>
internal sealed record HistoryRow(
    string? Telemetry,
    long FirstRevision,
    long LastRevision,
    long FirstTime,
    long LastTime,
    ReadOnlyMemory<byte> Packed,
    byte[]? State = null)
{
    /// <summary>The version of the rows that are written now.</summary>
    public const byte Version = 1;

    /// <summary>The row of a sealed part's turns.</summary>
    public static HistoryRow OfTurns(SealedTurns part, StoredSnapshot? before) => new(
        null,
        part.Turns[0].Revision,
        part.Turns[^1].Revision,
        part.Turns.Min(turn => turn.Time),
        part.Turns.Max(turn => turn.Time),
        TurnSegment.Pack(part.Turns),
        before is null ? null : PackState(before));

    /// <summary>The row of readings in the order of their times.</summary>
    public static HistoryRow OfReadings(SealedTurns part, string telemetry, IReadOnlyList<HistoryReading> readings) =>
        new(
            telemetry,
            part.Turns[0].Revision,
            part.Turns[^1].Revision,
            readings[0].Time,
            readings[^1].Time,
            ReadingBlock.Pack(readings));

    /// <summary>The checksum of everything.</summary>
    public uint Checksum(TwinId twin)
    {
        Crc32C crc = new();
        crc.Add(Version);
        crc.AddSegment(TwinId.DefaultTenant);
        crc.AddSegment(twin.Kind);
        crc.AddSegment(twin.Key);
        crc.AddText(Telemetry ?? "");
        crc.Add(FirstRevision);
        crc.Add(LastRevision);
        crc.Add(FirstTime);
        crc.Add(LastTime);
        crc.Add(Packed.Span);
        crc.Add(State);
        return crc.Value;
    }

    /// <summary>Refuses a row of a newer TwinGrid, or one whose bytes are not those that were written.</summary>
    public void EnsureIntact(long version, uint stored, TwinId twin)
    {
        LogRow.EnsureReadable(version, twin, LastRevision);
        LogRow.EnsureIntact(
            stored, Checksum(twin), Telemetry is null ? "log segment" : $"history of {Telemetry}", twin, LastRevision);
    }

    /// <summary>The readings of the row, not unpacked yet.</summary>
    public SealedBlock Block()
    {
        (double minimum, double maximum, int count) = ReadingBlock.Describe(Packed.Span);
        return new SealedBlock(
            FirstTime, LastTime, count, minimum, maximum, Readings);
    }

    /// <summary>The readings of the row; the least and the greatest time beside them must be theirs.</summary>
    /// <exception cref="TwinGridException">They cannot be unpacked.</exception>
    public HistoryReading[] Readings()
    {
        HistoryReading[] readings = ReadingBlock.Unpack(Packed.Span);
        return readings.Length > 0 && readings[0].Time == FirstTime && readings[^1].Time == LastTime
            ? readings
            : throw BlockReader.Damaged();
    }

    /// <summary>
    /// The turns of the row; how many they are, and the least and the greatest time beside them, must be theirs.
    /// </summary>
    /// <exception cref="TwinGridException">They cannot be unpacked.</exception>
    public TwinTurn[] Turns(TwinId twin)
    {
        TwinTurn[] turns = TurnSegment.Unpack(twin, FirstRevision, Packed.Span);
        return turns.Length == LastRevision - FirstRevision + 1
            && turns.Min(static turn => turn.Time) == FirstTime
            && turns.Max(static turn => turn.Time) == LastTime
            ? turns
            : throw BlockReader.Damaged();
    }

    /// <summary>The state before the first turn; null where the fold begins with an empty twin.</summary>
    public StoredSnapshot? Before(TwinId twin)
    {
        if (State is null)
        {
            return null;
        }

        BlockReader reader = new(State);
        StoredSnapshot before = new()
        {
            Twin = twin,
            Revision = FirstRevision - 1,
            FoldVersion = reader.Byte(),
            State = History.Packed.Read(ref reader).ToArray(),
        };
        reader.End();
        return before;
    }

    private static byte[] PackState(StoredSnapshot state)
    {
        BlockWriter writer = new();
        writer.Byte(state.FoldVersion);
        History.Packed.Write(writer, state.State.Span, CompressionLevel.Optimal);
        return writer.Written.ToArray();
    }
}
