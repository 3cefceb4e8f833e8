using System.IO.Compression;

namespace TwinGrid.Storage.History;

/// <summary>
/// Turns of one twin without a gap, packed: their times, fold versions and lengths, then their inputs.
/// </summary>
internal static class TurnSegment
{
    /// <summary>The version of the form; it stands first.</summary>
    public const byte Version = 1;

    private const int MostTurns = 1 << 20;

    /// <summary>Packs turns.</summary>
    public static byte[] Pack(IReadOnlyList<TwinTurn> turns)
    {
        BlockWriter writer = new();
        writer.Byte(Version);
        writer.Varint((ulong)turns.Count);
        IntegerColumn.Write(writer, [.. turns.Select(turn => turn.Time)]);
        RunColumn.Write(writer, [.. turns.Select(turn => turn.FoldVersion)]);
        IntegerColumn.Write(writer, [.. turns.Select(turn => (long)turn.Inputs.Length)]);
        byte[] inputs = new byte[turns.Sum(turn => turn.Inputs.Length)];
        Span<byte> rest = inputs;
        foreach (TwinTurn turn in turns)
        {
            turn.Inputs.Span.CopyTo(rest);
            rest = rest[turn.Inputs.Length..];
        }

        Packed.Write(writer, inputs, CompressionLevel.Optimal);
        return writer.Written.ToArray();
    }

    /// <summary>Unpacks turns.</summary>
    /// <exception cref="TwinGridException">It is no segment, or one of a newer TwinGrid.</exception>
    public static TwinTurn[] Unpack(TwinId twin, long firstRevision, ReadOnlySpan<byte> segment)
    {
        BlockReader reader = new(segment);
        byte version = reader.Byte();
        if (version != Version)
        {
            throw new TwinGridException(
                $"a segment of the log of {twin} has version {version} and this TwinGrid reads {Version}: start the "
                + "version that wrote it");
        }

        int count = reader.Count(MostTurns);
        long[] times = new long[count];
        byte[] versions = new byte[count];
        long[] lengths = new long[count];
        IntegerColumn.Read(ref reader, times);
        RunColumn.Read(ref reader, versions);
        IntegerColumn.Read(ref reader, lengths);
        ReadOnlyMemory<byte> rest = Packed.Read(ref reader).ToArray();
        reader.End();
        TwinTurn[] turns = new TwinTurn[count];
        for (int i = 0; i < count; i++)
        {
            if (lengths[i] < 0 || lengths[i] > rest.Length)
            {
                throw BlockReader.Damaged();
            }

            turns[i] = new TwinTurn
            {
                Twin = twin,
                Revision = firstRevision + i,
                Time = times[i],
                FoldVersion = versions[i],
                Inputs = rest[..(int)lengths[i]],
            };
            rest = rest[(int)lengths[i]..];
        }

        return rest.IsEmpty ? turns : throw BlockReader.Damaged();
    }
}
