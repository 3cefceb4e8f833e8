using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace TwinGrid.Dtdl.Parsing;

/// <summary>
/// Reads JSON proper (RFC 8259: no comments, no trailing commas, no duplicate members) into values with positions,
/// which System.Text.Json's own document does not keep. A UTF-8 byte order mark is skipped (RFC 8259, 8.1).
/// </summary>
internal static class JsonTreeReader
{
    /// <summary>The most bytes of one file: more than any ontology's, little enough to hold in memory.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>How deep objects and arrays may nest.</summary>
    public const int MaxDepth = 64;

    /// <summary>Reads a file.</summary>
    /// <param name="bytes">UTF-8, with or without a byte order mark.</param>
    /// <param name="source">The name of the file in messages.</param>
    /// <param name="problems">Where duplicate members are reported.</param>
    /// <returns>The root, or null where the text is not JSON, which is reported.</returns>
    public static JsonValue? Read(ReadOnlySpan<byte> bytes, string source, ProblemList problems)
    {
        bytes = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        if (bytes.Length > MaxBytes)
        {
            problems.Add("$", $"the file has {bytes.Length} bytes; a definition file has at most {MaxBytes}");
            return null;
        }

        if (!Utf8.IsValid(bytes))
        {
            problems.Add("$", "the file is not UTF-8; save it as UTF-8");
            return null;
        }

        JsonFile file = new(source, bytes.ToArray());
        try
        {
            Utf8JsonReader reader = new(file.Bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
            return ReadTree(ref reader, file, problems);
        }
        catch (JsonException e)
        {
            problems.Add(Place(e, file), $"this is not JSON: {Explain(e, file)}");
            return null;
        }
    }

    private static JsonValue? ReadTree(ref Utf8JsonReader reader, JsonFile file, ProblemList problems)
    {
        JsonValue? root = null;
        JsonValue? container = null;
        string? name = null;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = ReadText(ref reader, file, problems);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    container!.End = (int)reader.BytesConsumed;
                    container = container.Parent;
                    break;
                default:
                    JsonValue value = ReadValue(ref reader, file, problems);
                    root ??= value;
                    Attach(value, container, name, problems);
                    name = null;
                    container = value.Kind is JsonKind.Object or JsonKind.Array ? value : container;
                    break;
            }
        }

        return root;
    }

    private static JsonValue ReadValue(ref Utf8JsonReader reader, JsonFile file, ProblemList problems)
    {
        int start = (int)reader.TokenStartIndex;
        JsonValue value = reader.TokenType switch
        {
            JsonTokenType.StartObject => new(JsonKind.Object, file, start),
            JsonTokenType.StartArray => new(JsonKind.Array, file, start),
            JsonTokenType.String => new(JsonKind.Text, file, start)
            {
                Text = ReadText(ref reader, file, problems),
            },
            JsonTokenType.Number => new(JsonKind.Number, file, start) { Number = reader.GetDouble() },
            JsonTokenType.Null => new(JsonKind.Null, file, start),
            _ => new(JsonKind.Boolean, file, start) { Boolean = reader.GetBoolean() },
        };
        value.End = (int)reader.BytesConsumed;
        return value;
    }

    private static string ReadText(ref Utf8JsonReader reader, JsonFile file, ProblemList problems)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // The reader's way to say that an escape is half of a surrogate pair.
            (int line, int column) = file.PositionOf((int)reader.TokenStartIndex);
            problems.Add(
                $"line {line}, column {column}",
                "the text has an escape that is half of a character; write both halves or the character itself");
            return "\uFFFD";
        }
    }

    private static void Attach(JsonValue value, JsonValue? container, string? name, ProblemList problems)
    {
        if (container is not null && !container.TryAdd(value, name))
        {
            JsonValue first = container.Find(name!)!;
            problems.Add(value, $"the member '{name}' is there twice; it stands first in {first.Position()}");
        }
    }

    private static string Place(JsonException e, JsonFile file)
    {
        int offset = OffsetOf(e, file);
        (int line, int column) = file.PositionOf(offset);
        return $"line {line}, column {column}";
    }

    private static int OffsetOf(JsonException e, JsonFile file)
    {
        ReadOnlySpan<byte> rest = file.Bytes;
        int lineStart = 0;
        for (long line = e.LineNumber ?? 0; line > 0; line--)
        {
            lineStart += rest[lineStart..].IndexOf((byte)'\n') + 1;
        }

        return (int)Math.Min(file.Bytes.Length, lineStart + (e.BytePositionInLine ?? 0));
    }

    private static string Explain(JsonException e, JsonFile file)
    {
        int offset = OffsetOf(e, file);
        if (file.Bytes.IsEmpty)
        {
            return "the file is empty";
        }

        if (offset < file.Bytes.Length && file.Bytes[offset] == (byte)'/')
        {
            return "JSON has no comments; remove the text from '/'";
        }

        if (e.Message.Contains("trailing comma", StringComparison.Ordinal))
        {
            return "a comma stands before the closing bracket; remove it";
        }

        int end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }
}
