namespace TwinGrid.Storage.History;

/// <summary>A column of small numbers that rarely change: each with how often it follows itself.</summary>
internal static class RunColumn
{
    /// <summary>Appends a column; its count is not written.</summary>
    public static void Write(BlockWriter writer, ReadOnlySpan<byte> values)
    {
        while (!values.IsEmpty)
        {
            int end = values.IndexOfAnyExcept(values[0]);
            int run = end < 0 ? values.Length : end;
            writer.Byte(values[0]);
            writer.Varint((ulong)run);
            values = values[run..];
        }
    }

    /// <summary>Reads a column of as many numbers as there is room for.</summary>
    public static void Read(ref BlockReader reader, Span<byte> values)
    {
        while (!values.IsEmpty)
        {
            byte value = reader.Byte();
            int run = reader.Count(values.Length);
            if (run == 0)
            {
                throw BlockReader.Damaged();
            }

            values[..run].Fill(value);
            values = values[run..];
        }
    }
}
