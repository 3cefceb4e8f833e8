using System.Buffers;
using System.Text.Json;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// Writes the values of one message, which <see cref="JsonCheck"/> has read before, as readings. Names of components
/// are joined in one buffer; nothing is allocated for a reading that is a number, a boolean or a text
/// without a unit.
/// </summary>
internal ref partial struct JsonReadings
{
    /// <summary>The longest text value, UTF-8 bytes.</summary>
    public const int MaxText = 4_096;

    private const int MaxUnit = 64;

    /// <summary>Room for the longest name behind the longest prefix, every character of it escaped.</summary>
    private const int NameBuffer = TelemetryName.MaxLength + 1 + (6 * TelemetryName.MaxLength);

    // A payload is decoded before its thread does anything else, so one buffer per thread is enough.
    [ThreadStatic]
    private static byte[]? _buffer;

    private readonly ReadOnlySpan<byte> _document;
    private readonly ReadingWriter _readings;
    private readonly byte[] _name;

    /// <summary>Writes into a message that was begun.</summary>
    /// <param name="document">The whole document.</param>
    /// <param name="readings">Where to.</param>
    public JsonReadings(ReadOnlySpan<byte> document, ReadingWriter readings)
    {
        _document = document;
        _readings = readings;
        _name = _buffer ??= new byte[NameBuffer];
    }

    /// <summary>Puts a name that a topic gave into the buffer; 0 for one that cannot be a name.</summary>
    public readonly int Append(string telemetry) =>
        telemetry.Length <= TelemetryName.MaxLength ? System.Text.Encoding.UTF8.GetBytes(telemetry, _name) : 0;

    /// <summary>Writes the members of the object that the reader stands on.</summary>
    /// <param name="json">Stands on the object, then on its end.</param>
    /// <param name="origin">Where in the document that reader began.</param>
    /// <param name="prefix">How much of the name buffer names the object already; 0 for a message's own values.</param>
    /// <param name="isMessage">True for a flat message, whose reserved names are no readings.</param>
    public readonly void Members(ref Utf8JsonReader json, int origin, int prefix, bool isMessage)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (isMessage && JsonMembers.Name(ref json) <= JsonMember.Historical)
            {
                json.Read();
                continue;
            }

            int length = Append(ref json, prefix);
            if (TelemetryName.IsValid(_name.AsSpan(0, length)))
            {
                json.Read();
                Value(ref json, origin, length, default, isInner: false);
            }
            else
            {
                string shown = Shown(ref json, prefix);
                _readings.Drop(new DroppedReading(shown, ReadingOutcome.Malformed, TelemetryName.Rule));
                json.Read();
                json.Skip();
            }
        }
    }

    /// <summary>Writes the value that the reader stands on.</summary>
    /// <param name="json">Stands on the value, then on its end.</param>
    /// <param name="origin">Where in the document that reader began.</param>
    /// <param name="length">How much of the name buffer names it.</param>
    /// <param name="detail">Time, unit and quality that were said around it.</param>
    /// <param name="isInner">True inside <c>{"value":…}</c>, where components make no sense.</param>
    public readonly void Value(
        ref Utf8JsonReader json, int origin, int length, in ReadingDetail detail, bool isInner)
    {
        ReadOnlySpan<byte> name = _name.AsSpan(0, length);
        switch (json.TokenType)
        {
            case JsonTokenType.Number:
                Number(ref json, length, detail);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                _readings.Boolean(name, json.TokenType == JsonTokenType.True, detail);
                break;
            case JsonTokenType.String:
                Text(ref json, length, detail);
                break;
            case JsonTokenType.Null:
                _readings.NoValue(name, detail);
                break;
            case JsonTokenType.StartObject:
                Object(ref json, origin, length, detail, isInner);
                break;
            default:
                Drop(length, ReadingOutcome.Malformed,
                    "an array is no reading; a waveform is {\"rate\",\"values\":[…]}");
                json.Skip();
                break;
        }
    }

    /// <summary>Says that the reading named in the buffer cannot be used.</summary>
    private readonly void Drop(int length, ReadingOutcome outcome, string why) =>
        _readings.Drop(new DroppedReading(System.Text.Encoding.UTF8.GetString(_name.AsSpan(0, length)), outcome, why));

    private readonly void Number(ref Utf8JsonReader json, int length, in ReadingDetail detail)
    {
        if (ExactNumber.Read(ref json, out double number) is { } problem)
        {
            Drop(length, ReadingOutcome.NotFinite, problem);
        }
        else
        {
            _readings.Number(_name.AsSpan(0, length), number, detail);
        }
    }

    private readonly void Text(ref Utf8JsonReader json, int length, in ReadingDetail detail)
    {
        if (!json.ValueIsEscaped && json.ValueSpan.Length <= MaxText)
        {
            _readings.Text(_name.AsSpan(0, length), json.ValueSpan, detail);
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(json.ValueSpan.Length);
        int bytes = json.CopyString(buffer);
        if (bytes <= MaxText)
        {
            _readings.Text(_name.AsSpan(0, length), buffer.AsSpan(0, bytes), detail);
        }
        else
        {
            Drop(length, ReadingOutcome.OverLimit, $"a text of {bytes} bytes; at most {MaxText}");
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Puts a member's name behind the prefix; a length of 0 for one that cannot be a name.</summary>
    private readonly int Append(ref Utf8JsonReader json, int prefix)
    {
        int at = prefix;
        if (prefix > 0)
        {
            _name[at++] = (byte)'.';
        }

        return json.ValueSpan.Length <= _name.Length - at ? at + json.CopyString(_name.AsSpan(at)) : 0;
    }

    private readonly string Shown(ref Utf8JsonReader json, int prefix)
    {
        string name = json.GetString()!;
        string shown = prefix == 0 ? name : $"{System.Text.Encoding.UTF8.GetString(_name.AsSpan(0, prefix))}.{name}";
        return shown.Length <= TelemetryName.MaxLength ? shown : $"{shown[..TelemetryName.MaxLength]}…";
    }
}
