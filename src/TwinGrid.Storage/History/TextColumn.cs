using System.IO.Compression;

namespace TwinGrid.Storage.History;

/// <summary>A column of texts: each different one once, and which of them follow one another.</summary>
internal static class TextColumn
{
    /// <summary>Appends a column; its count is not written.</summary>
    public static void Write(BlockWriter writer, IReadOnlyList<string> values)
    {
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        long[] which = new long[values.Count];
        BlockWriter texts = new();
        for (int i = 0; i < which.Length; i++)
        {
            if (!places.TryGetValue(values[i], out int place))
            {
                places.Add(values[i], place = places.Count);
                texts.Text(values[i]);
            }

            which[i] = place;
        }

        writer.Varint((ulong)places.Count);
        Packed.Write(writer, texts.Written, CompressionLevel.Fastest);
        IntegerColumn.Write(writer, which);
    }

    /// <summary>Reads a column of as many texts as there is room for.</summary>
    public static void Read(ref BlockReader reader, Span<string> values)
    {
        int count = reader.Count(values.Length);
        BlockReader texts = new(Packed.Read(ref reader));
        string[] different = new string[count];
        for (int i = 0; i < count; i++)
        {
            different[i] = texts.Text();
        }

        long[] which = new long[values.Length];
        IntegerColumn.Read(ref reader, which);
        for (int i = 0; i < which.Length; i++)
        {
            values[i] = which[i] >= 0 && which[i] < count ? different[which[i]] : throw BlockReader.Damaged();
        }
    }
}
