using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace TwinGrid;

/// <summary>
/// The one binary form of a twin's inputs: what a gateway writes, what travels to the silo, what the log keeps and
/// what the fold reads. It is documented as internal to the grid; users meet it as <see cref="ReadingWriter"/>.
/// </summary>
/// <remarks>
/// <code>
/// inputs   := input*
/// input    := kind:u8 length:u32 received:i64 body            (length counts received and body; little endian)
/// readings := flags:u8 count:u16 source:text [seq:varint] [epoch:varint] [time:i64] reading*
/// reading  := name:text flags:u8 [time:i64] [unit:text] value
/// value    := number:f64 | boolean:u8 | text | lat:f64 lon:f64 alt:f64 | rate:f64 encoding:u8 scale:f64 length:u32
/// bytes
/// text     := length:varint utf8
/// </code>
/// Every other body is JSON. Times are Unix microseconds. The version of this form is <see cref="Version"/>; it
/// stands in front of every stored and sent record.
/// </remarks>
public static class PackedInputs
{
    /// <summary>The version of the form.</summary>
    public const byte Version = 1;

    internal const int InputHeader = 1 + sizeof(uint);

    /// <summary>Appends one input that is not readings.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="received">When the grid received it, Unix microseconds.</param>
    /// <param name="body">Its body; empty for <see cref="InputKind.Tick"/> and <see cref="InputKind.Deleted"/>.</param>
    public static void Write(ReadingWriter writer, InputKind kind, long received, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.AppendInput(kind, received, body);
    }

    /// <summary>One input as an array of its own.</summary>
    public static byte[] Pack(InputKind kind, long received, ReadOnlySpan<byte> body = default)
    {
        byte[] packed = new byte[InputHeader + sizeof(long) + body.Length];
        packed[0] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(packed.AsSpan(1), (uint)(sizeof(long) + body.Length));
        BinaryPrimitives.WriteInt64LittleEndian(packed.AsSpan(InputHeader), received);
        body.CopyTo(packed.AsSpan(InputHeader + sizeof(long)));
        return packed;
    }

    /// <summary>One input with a JSON body as an array of its own.</summary>
    public static byte[] Pack<T>(InputKind kind, long received, T body, JsonTypeInfo<T> type) =>
        Pack(kind, received, JsonSerializer.SerializeToUtf8Bytes(body, type));
}

/// <summary>
/// Walks packed inputs. A malformed buffer throws <see cref="TwinGridException"/>: it was made by us.
/// </summary>
public ref struct InputReader
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Reads inputs from a buffer made by <see cref="ReadingWriter"/> or <see cref="PackedInputs"/>.</summary>
    public InputReader(ReadOnlySpan<byte> inputs)
    {
        _rest = inputs;
    }

    /// <summary>The current input's kind.</summary>
    public InputKind Kind { get; private set; }

    /// <summary>When the grid received it, Unix microseconds.</summary>
    public long Received { get; private set; }

    /// <summary>Its body.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    /// <summary>Steps to the next input; false at the end.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (_rest.Length < PackedInputs.InputHeader + sizeof(long))
        {
            throw new TwinGridException("packed inputs end in the middle of an input");
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_rest[1..]);
        if (length < sizeof(long) || length > _rest.Length - PackedInputs.InputHeader)
        {
            throw new TwinGridException("packed inputs name a length that is not there");
        }

        Kind = (InputKind)_rest[0];
        Received = BinaryPrimitives.ReadInt64LittleEndian(_rest[PackedInputs.InputHeader..]);
        Body = _rest.Slice(PackedInputs.InputHeader + sizeof(long), (int)length - sizeof(long));
        _rest = _rest[(PackedInputs.InputHeader + (int)length)..];
        return true;
    }

    /// <summary>The current input's readings.</summary>
    public readonly ReadingsReader Readings() => new(Body);

    /// <summary>The current input's JSON body.</summary>
    public readonly T Json<T>(JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(Body, type) ?? throw new TwinGridException($"an input of {Kind} has no body");
}

/// <summary>
/// Walks the readings of one device message; the properties describe the message, then the current reading.
/// </summary>
public ref struct ReadingsReader
{
    private ReadOnlySpan<byte> _rest;
    private int _left;

    internal ReadingsReader(ReadOnlySpan<byte> body)
    {
        byte flags = body[0];
        _left = BinaryPrimitives.ReadUInt16LittleEndian(body[1..]);
        _rest = body[3..];
        Source = TakeText();
        HasSeq = (flags & ReadingWriter.MessageHasSeq) != 0;
        HasEpoch = (flags & ReadingWriter.MessageHasEpoch) != 0;
        Historical = (flags & ReadingWriter.MessageHistorical) != 0;
        Seq = HasSeq ? (long)TakeVarint() : 0;
        Epoch = HasEpoch ? (long)TakeVarint() : 0;
        MessageTime = (flags & ReadingWriter.MessageHasTime) != 0 ? TakeInt64() : UnixMicroseconds.Absent;
    }

    /// <summary>The publisher's name, UTF-8; empty by default.</summary>
    public ReadOnlySpan<byte> Source { get; }

    /// <summary>True when the device numbered the message.</summary>
    public bool HasSeq { get; }

    /// <summary>True when the device named its epoch.</summary>
    public bool HasEpoch { get; }

    /// <summary>True when the device marked the message as history.</summary>
    public bool Historical { get; }

    /// <summary>The device's number of the message.</summary>
    public long Seq { get; }

    /// <summary>The device's epoch.</summary>
    public long Epoch { get; }

    /// <summary>The device's time of the message, or <see cref="UnixMicroseconds.Absent"/>.</summary>
    public long MessageTime { get; }

    /// <summary>How many readings are left.</summary>
    public readonly int Left => _left;

    /// <summary>The current reading's telemetry, UTF-8.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The current reading's type.</summary>
    public TelemetryType Type { get; private set; }

    /// <summary>The current reading's quality.</summary>
    public Quality Quality { get; private set; }

    /// <summary>The current reading's own time, or <see cref="MessageTime"/>.</summary>
    public long Time { get; private set; }

    /// <summary>The current reading's unit, UTF-8; empty where none was given.</summary>
    public ReadOnlySpan<byte> Unit { get; private set; }

    /// <summary>The number, 1 or 0 of a boolean, or the rate of a waveform in Hz.</summary>
    public double Number { get; private set; }

    /// <summary>The bytes of a text, a position or a waveform.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    /// <summary>How a waveform's samples are written.</summary>
    public WaveformEncoding Encoding { get; private set; }

    /// <summary>What a waveform's samples are multiplied by.</summary>
    public double Scale { get; private set; }

    /// <summary>Steps to the next reading; false at the end.</summary>
    public bool Next()
    {
        if (_left == 0)
        {
            return false;
        }

        _left--;
        Name = TakeText();
        byte flags = Take(1)[0];
        Type = (TelemetryType)(flags & 7);
        Quality = (Quality)((flags >> 5) & 3);
        Time = (flags & ReadingWriter.ReadingHasTime) != 0 ? TakeInt64() : MessageTime;
        Unit = (flags & ReadingWriter.ReadingHasUnit) != 0 ? TakeText() : default;
        TakeValue();
        return true;
    }

    /// <summary>The current reading's text.</summary>
    public readonly string Text() => System.Text.Encoding.UTF8.GetString(Data);

    /// <summary>The current reading's position.</summary>
    public readonly GeoPosition Position() => new(
        BinaryPrimitives.ReadDoubleLittleEndian(Data),
        BinaryPrimitives.ReadDoubleLittleEndian(Data[8..]),
        BinaryPrimitives.ReadDoubleLittleEndian(Data[16..]));

    /// <summary>The current reading's waveform.</summary>
    public readonly WaveformBlock Waveform() => new(Data, Encoding, Scale, Number);

    private void TakeValue()
    {
        switch (Type)
        {
            case TelemetryType.Number:
                Number = BitConverter.Int64BitsToDouble(TakeInt64());
                break;
            case TelemetryType.Boolean:
                Number = Take(1)[0];
                break;
            case TelemetryType.Text:
                Data = TakeText();
                break;
            case TelemetryType.Position:
                Data = Take(3 * sizeof(double));
                break;
            case TelemetryType.Waveform:
                Number = BitConverter.Int64BitsToDouble(TakeInt64());
                Encoding = (WaveformEncoding)Take(1)[0];
                Scale = BitConverter.Int64BitsToDouble(TakeInt64());
                Data = Take((int)BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint))));
                break;
            default:
                Number = double.NaN;
                break;
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        ReadOnlySpan<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    private long TakeInt64() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    private ReadOnlySpan<byte> TakeText() => Take((int)TakeVarint());

    private ulong TakeVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new TwinGridException("packed inputs hold a number of more than 64 bits");
    }
}
