using System.Buffers;
using System.Text;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// The usual message in one pass: a flat object, or one with <c>values</c>, of numbers, booleans, nulls and plain
/// texts under plain names; or one such value alone. Of anything else it writes nothing, and the strict path
/// (<see cref="JsonCheck"/>, then <see cref="JsonReadings"/>) decides; what it writes is what that path would write.
/// </summary>
internal sealed class FlatMessage
{
    /// <summary>The most readings of such a message: names are compared with each other.</summary>
    private const int MaxReadings = 64;

    private const int MaxSource = 64;

    // ASCII without what ends a text, begins an escape or is not allowed in JSON.
    private static readonly SearchValues<byte> Plain =
        SearchValues.Create([.. Enumerable.Range(' ', 0x60).Select(c => (byte)c).Except("\"\\"u8.ToArray())]);

    // A payload is decoded before its thread does anything else, so one table per thread is enough.
    [ThreadStatic]
    private static FlatMessage? _current;

    private readonly Reading[] _readings = new Reading[MaxReadings];
    private readonly int[] _keys = new int[MaxReadings];
    private int _count;
    private uint _own;
    private long _time;
    private long _seq;
    private long _epoch;
    private bool _historical;
    private Extent _source;

    /// <summary>Writes a message if it is such a one.</summary>
    /// <returns>True when it was written.</returns>
    public static bool TryWrite(ReadOnlySpan<byte> payload, long received, ReadingWriter readings)
    {
        FlatMessage message = _current ??= new FlatMessage();
        message._count = 0;
        message._own = 0;
        int at = 0;
        if (!message.Members(payload, ref at, isMessage: true) || !IsEnd(payload, at) || message._count == 0)
        {
            return false;
        }

        readings.BeginMessage(message.Header(received), message.Source(payload));
        foreach (ref readonly Reading reading in message._readings.AsSpan(0, message._count))
        {
            Write(reading, reading.Name.Of(payload), payload, readings);
        }

        readings.EndMessage();
        return true;
    }

    /// <summary>Writes a value alone, if it is such a one.</summary>
    /// <param name="payload">The value.</param>
    /// <param name="telemetry">Its telemetry, which the topic names.</param>
    /// <param name="received">When it was received.</param>
    /// <param name="readings">Where to.</param>
    /// <returns>True when it was written.</returns>
    public static bool TryWriteValue(
        ReadOnlySpan<byte> payload, string telemetry, long received, ReadingWriter readings)
    {
        Span<byte> name = stackalloc byte[TelemetryName.MaxLength];
        Reading reading = default;
        int at = 0;
        Skip(payload, ref at);
        if (!Value(payload, ref at, ref reading)
            || !IsEnd(payload, at)
            || !Encoding.UTF8.TryGetBytes(telemetry, name, out int length)
            || length == 0)
        {
            return false;
        }

        readings.BeginMessage(new MessageHeader { Received = received }, default);
        Write(reading, name[..length], payload, readings);
        readings.EndMessage();
        return true;
    }

    private MessageHeader Header(long received) => new()
    {
        Received = received,
        Time = Has(JsonMember.Ts) ? _time : null,
        Seq = Has(JsonMember.Seq) ? _seq : null,
        Epoch = Has(JsonMember.Epoch) ? _epoch : null,
        Historical = Has(JsonMember.Historical) && _historical,
    };

    private ReadOnlySpan<byte> Source(ReadOnlySpan<byte> payload) =>
        Has(JsonMember.Source) ? _source.Of(payload) : default;

    /// <summary>Reads an object; false where the strict path must.</summary>
    private bool Members(ReadOnlySpan<byte> payload, ref int at, bool isMessage)
    {
        Skip(payload, ref at);
        if (!Take(payload, ref at, '{'))
        {
            return false;
        }

        do
        {
            Skip(payload, ref at);
            if (!Name(payload, ref at, out Extent extent))
            {
                return false;
            }

            ReadOnlySpan<byte> name = extent.Of(payload);
            JsonMember own = isMessage ? OwnMember(name) : JsonMember.Other;
            bool isTaken = own switch
            {
                JsonMember.Other => Reads(payload, ref at, extent, name, isMessage),
                JsonMember.Values => Values(payload, ref at, extent, name),
                _ => Own(payload, ref at, own),
            };
            if (!isTaken)
            {
                return false;
            }

            Skip(payload, ref at);
        }
        while (Take(payload, ref at, ','));

        return Take(payload, ref at, '}');
    }

    /// <summary>Reads a reading's value.</summary>
    private bool Reads(
        ReadOnlySpan<byte> payload, ref int at, Extent extent, ReadOnlySpan<byte> name, bool isMessage)
    {
        // Beside 'values' no reading may stand, and no name twice.
        if (_count == MaxReadings || (isMessage && Has(JsonMember.Values)) || !IsNew(payload, name))
        {
            return false;
        }

        ref Reading reading = ref _readings[_count++];
        reading.Name = extent;
        return Value(payload, ref at, ref reading);
    }

    /// <summary>Reads what stands under <c>values</c>: the readings, or a reading of that name.</summary>
    private bool Values(ReadOnlySpan<byte> payload, ref int at, Extent extent, ReadOnlySpan<byte> name)
    {
        if (at == payload.Length || payload[at] != '{')
        {
            return Reads(payload, ref at, extent, name, isMessage: true);
        }

        return _count == 0 && Mark(JsonMember.Values) && Members(payload, ref at, isMessage: false);
    }

    /// <summary>Reads a member that is the message's own.</summary>
    private bool Own(ReadOnlySpan<byte> payload, ref int at, JsonMember member)
    {
        ReadOnlySpan<byte> rest = payload[at..];
        int length;
        switch (member)
        {
            case JsonMember.Ts:
                length = SourceTime.ReadPlain(rest, out _time);
                break;
            case JsonMember.Seq:
                length = FlatNumber.ReadWhole(rest, out _seq);
                break;
            case JsonMember.Epoch:
                length = FlatNumber.ReadWhole(rest, out _epoch);
                break;
            case JsonMember.Historical:
                length = Boolean(rest);
                _historical = length == 4;
                break;
            default:
                length = Text(rest);
                _source = new Extent(at + 1, length - 2);
                if (length > MaxSource + 2)
                {
                    return false;
                }

                break;
        }

        at += length;
        return length > 0 && Mark(member);
    }

    /// <summary>True when no reading has the name yet.</summary>
    private bool IsNew(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> name)
    {
        int key = name.Length | (name[0] << 8) | (name[^1] << 16) | (name[name.Length / 2] << 24);
        int at = 0;
        while (_keys.AsSpan(at, _count - at).IndexOf(key) is >= 0 and int offset)
        {
            at += offset;
            if (name.SequenceEqual(_readings[at].Name.Of(payload)))
            {
                return false;
            }

            at++;
        }

        _keys[_count] = key;
        return true;
    }

    private bool Has(JsonMember member) => (_own & (1u << (int)member)) != 0;

    private bool Mark(JsonMember member)
    {
        bool isNew = !Has(member);
        _own |= 1u << (int)member;
        return isNew;
    }

    private static JsonMember OwnMember(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("ts"u8) => JsonMember.Ts,
        3 when name.SequenceEqual("seq"u8) => JsonMember.Seq,
        5 when name.SequenceEqual("epoch"u8) => JsonMember.Epoch,
        6 when name.SequenceEqual("source"u8) => JsonMember.Source,
        6 when name.SequenceEqual("values"u8) => JsonMember.Values,
        10 when name.SequenceEqual("historical"u8) => JsonMember.Historical,
        _ => JsonMember.Other,
    };

    /// <summary>Reads a name, the colon and what space follows it.</summary>
    private static bool Name(ReadOnlySpan<byte> payload, ref int at, out Extent name)
    {
        name = default;
        if (!Take(payload, ref at, '"'))
        {
            return false;
        }

        int length = payload[at..].IndexOf((byte)'"');
        if (length <= 0 || !TelemetryName.IsValid(payload.Slice(at, length)))
        {
            return false;
        }

        name = new Extent(at, length);
        at += length + 1;
        Skip(payload, ref at);
        if (!Take(payload, ref at, ':'))
        {
            return false;
        }

        Skip(payload, ref at);
        return true;
    }

    private static bool Value(ReadOnlySpan<byte> payload, ref int at, ref Reading reading)
    {
        if (at == payload.Length)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = payload[at..];
        int length;
        switch (rest[0])
        {
            case (byte)'"':
                length = Text(rest);
                reading.Type = TelemetryType.Text;
                reading.Text = new Extent(at + 1, length - 2);
                break;
            case (byte)'t' or (byte)'f':
                length = Boolean(rest);
                reading.Type = TelemetryType.Boolean;
                reading.Number = length;
                break;
            case (byte)'n':
                length = rest.StartsWith("null"u8) ? 4 : 0;
                reading.Type = TelemetryType.None;
                break;
            default:
                length = FlatNumber.Read(rest, out reading.Number);
                reading.Type = TelemetryType.Number;
                break;
        }

        at += length;
        return length > 0;
    }

    /// <summary>The length of a plain text with its quotes; 0 for any other.</summary>
    private static int Text(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty || rest[0] != '"')
        {
            return 0;
        }

        int length = rest[1..].IndexOfAnyExcept(Plain);
        return length is < 0 or > JsonReadings.MaxText || rest[length + 1] != '"' ? 0 : length + 2;
    }

    /// <summary>4 for true, 5 for false, 0 for anything else.</summary>
    private static int Boolean(ReadOnlySpan<byte> rest) =>
        rest.StartsWith("true"u8) ? 4 : rest.StartsWith("false"u8) ? 5 : 0;

    private static void Write(
        in Reading reading, ReadOnlySpan<byte> name, ReadOnlySpan<byte> payload, ReadingWriter readings)
    {
        switch (reading.Type)
        {
            case TelemetryType.Number:
                readings.Number(name, reading.Number);
                break;
            case TelemetryType.Boolean:
                readings.Boolean(name, reading.Number == 4);
                break;
            case TelemetryType.Text:
                readings.Text(name, reading.Text.Of(payload));
                break;
            default:
                readings.NoValue(name);
                break;
        }
    }

    private static bool Take(ReadOnlySpan<byte> payload, ref int at, char expected)
    {
        bool isThere = (uint)at < (uint)payload.Length && payload[at] == expected;
        at += isThere ? 1 : 0;
        return isThere;
    }

    private static void Skip(ReadOnlySpan<byte> payload, ref int at)
    {
        while ((uint)at < (uint)payload.Length
            && payload[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            at++;
        }
    }

    private static bool IsEnd(ReadOnlySpan<byte> payload, int at)
    {
        Skip(payload, ref at);
        return at == payload.Length;
    }

    /// <summary>Where in the payload something stands.</summary>
    private readonly record struct Extent(int Start, int Length)
    {
        public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> payload) => payload.Slice(Start, Length);
    }

    private struct Reading
    {
        public Extent Name;
        public Extent Text;
        public TelemetryType Type;
        public double Number;
    }
}
