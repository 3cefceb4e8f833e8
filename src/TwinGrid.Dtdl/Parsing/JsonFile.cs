using System.Text;

namespace TwinGrid.Dtdl.Parsing;

/// <summary>The bytes of a JSON file and its name: turns offsets into lines and columns.</summary>
internal sealed class JsonFile
{
    private readonly byte[] _bytes;
    private readonly List<int> _lineStarts = [0];

    /// <summary>Takes the bytes of a file without a byte order mark.</summary>
    public JsonFile(string source, byte[] bytes)
    {
        Source = source;
        _bytes = bytes;
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == (byte)'\n')
            {
                _lineStarts.Add(i + 1);
            }
        }
    }

    /// <summary>The name of the file in messages.</summary>
    public string Source { get; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>
    /// The line and column of an offset, both from 1. Columns count UTF-16 units, as editors do.
    /// </summary>
    public (int Line, int Column) PositionOf(int offset)
    {
        int line = _lineStarts.BinarySearch(offset);
        line = line < 0 ? ~line - 1 : line;
        int start = _lineStarts[line];
        return (line + 1, Encoding.UTF8.GetCharCount(_bytes, start, offset - start) + 1);
    }

    /// <summary>The text of a value as it stands in the file.</summary>
    public string Raw(JsonValue value) => Encoding.UTF8.GetString(_bytes, value.Start, value.End - value.Start);
}
