using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// Reads a JSON document once from end to end before anything of it is used, so that what follows can trust it: RFC
/// 8259 without a byte order mark, UTF-8 and surrogate pairs whole, no name twice in an object, at most
/// <see cref="MaxDepth"/> deep, at most <see cref="MaxFields"/> names in one message.
/// </summary>
internal sealed class JsonCheck
{
    /// <summary>The deepest nesting.</summary>
    public const int MaxDepth = 16;

    /// <summary>The most names in one message, those of its components included.</summary>
    public const int MaxFields = 512;

    /// <summary>The most messages in one batch.</summary>
    public const int MaxBatch = 1_000;

    /// <summary>How every reader of a payload reads.</summary>
    public static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    // A check is over before its thread does anything else, so one set of buffers per thread is enough.
    [ThreadStatic]
    private static JsonCheck? _current;

    private readonly int[] _hashes = new int[MaxFields];
    private readonly Name[] _names = new Name[MaxFields];
    private readonly int[] _objects = new int[MaxDepth + 1];
    private byte[] _text = new byte[256];
    private int _open;

    /// <summary>What is wrong with the document, as a sentence; null for nothing.</summary>
    public static string? Find(ReadOnlySpan<byte> document)
    {
        if (document.IsEmpty)
        {
            return "the payload is empty; expected JSON";
        }

        if (!Utf8.IsValid(document))
        {
            return "the payload is not UTF-8";
        }

        try
        {
            return (_current ??= new JsonCheck()).Walk(document);
        }
        catch (JsonException e)
        {
            return $"malformed JSON: {e.Message}";
        }
    }

    private string? Walk(ReadOnlySpan<byte> document)
    {
        Utf8JsonReader json = new(document, Options);
        _open = 0;
        int fields = 0;
        int elements = 0;
        bool isBatch = false;
        while (json.Read())
        {
            if (isBatch && json.CurrentDepth == 1
                && json.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
            {
                fields = 0;
                elements++;
            }

            switch (json.TokenType)
            {
                case JsonTokenType.StartArray when json.CurrentDepth == 0:
                    isBatch = true;
                    break;
                case JsonTokenType.StartObject:
                    _objects[json.CurrentDepth] = _open;
                    break;
                case JsonTokenType.EndObject:
                    _open = _objects[json.CurrentDepth];
                    break;
                case JsonTokenType.PropertyName when ++fields > MaxFields:
                    return $"more than {MaxFields} names in one message";
                case JsonTokenType.String or JsonTokenType.PropertyName when !IsWhole(ref json):
                    return "a text holds half of a surrogate pair (\\uD800 to \\uDFFF)";
                case JsonTokenType.PropertyName when !IsNew(ref json, document):
                    return $"the name {Shown(ref json)} stands twice in one object";
                default:
                    break;
            }
        }

        return elements > MaxBatch ? $"a batch of {elements} messages; at most {MaxBatch}" : null;
    }

    /// <summary>True when the escapes of a text are whole characters; the text then stands in the buffer.</summary>
    private bool IsWhole(ref Utf8JsonReader json)
    {
        if (!json.ValueIsEscaped)
        {
            return true;
        }

        if (_text.Length < json.ValueSpan.Length)
        {
            _text = new byte[json.ValueSpan.Length];
        }

        try
        {
            json.CopyString(_text);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private bool IsNew(ref Utf8JsonReader json, ReadOnlySpan<byte> document)
    {
        HashCode code = default;
        code.AddBytes(json.ValueIsEscaped ? _text.AsSpan(0, json.CopyString(_text)) : json.ValueSpan);
        int hash = code.ToHashCode();
        int first = _objects[json.CurrentDepth - 1];
        int at = first;
        while (_hashes.AsSpan(at, _open - at).IndexOf(hash) is >= 0 and int offset)
        {
            at += offset;
            if (json.ValueTextEquals(_names[at].Text(document)))
            {
                return false;
            }

            at++;
        }

        _hashes[_open] = hash;
        _names[_open++] = new Name((int)json.TokenStartIndex, json.ValueSpan.Length, json.ValueIsEscaped);
        return true;
    }

    private static string Shown(ref Utf8JsonReader json)
    {
        string name = json.GetString()!;
        return name.Length <= TelemetryName.MaxLength ? $"'{name}'" : $"'{name[..TelemetryName.MaxLength]}…'";
    }

    /// <summary>Where a name stands in the document, its opening quote first.</summary>
    private readonly record struct Name(int Start, int Length, bool IsEscaped)
    {
        public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> document)
        {
            if (!IsEscaped)
            {
                return document.Slice(Start + 1, Length);
            }

            Utf8JsonReader json = new(document.Slice(Start, Length + 2));
            json.Read();
            return Encoding.UTF8.GetBytes(json.GetString()!);
        }
    }
}
