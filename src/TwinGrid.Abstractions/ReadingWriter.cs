using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace TwinGrid;

/// <summary>How the samples of a waveform block are written.</summary>
public enum WaveformEncoding : byte
{
    /// <summary>Little-endian doubles.</summary>
    Float64 = 0,

    /// <summary>Little-endian singles.</summary>
    Float32 = 1,

    /// <summary>Little-endian signed 16-bit integers.</summary>
    Int16 = 2,
}

/// <summary>What a device says of a whole message.</summary>
public readonly record struct MessageHeader
{
    /// <summary>When the grid received it, Unix microseconds.</summary>
    public required long Received { get; init; }

    /// <summary>The publisher's name, at most 64 characters; null or empty by default.</summary>
    public string? Source { get; init; }

    /// <summary>The device's number of the message, 0 or more.</summary>
    public long? Seq { get; init; }

    /// <summary>The device's epoch (a boot count, say), 0 or more.</summary>
    public long? Epoch { get; init; }

    /// <summary>The device's time, Unix microseconds.</summary>
    public long? Time { get; init; }

    /// <summary>True when the device marked it as history.</summary>
    public bool Historical { get; init; }
}

/// <summary>What a device says of one reading beside its value.</summary>
public readonly record struct ReadingDetail
{
    /// <summary>The reading's own time, Unix microseconds; the message's time where null.</summary>
    public long? Time { get; init; }

    /// <summary>Its unit; the declared one where null.</summary>
    public string? Unit { get; init; }

    /// <summary>Its quality.</summary>
    public Quality Quality { get; init; }
}

/// <summary>
/// What a payload decoder writes readings into: packed at once, without an object per reading. Reused from message
/// to message; not thread-safe.
/// </summary>
public sealed class ReadingWriter
{
    internal const byte MessageHasSeq = 1;
    internal const byte MessageHasEpoch = 2;
    internal const byte MessageHasTime = 4;
    internal const byte MessageHistorical = 8;
    internal const byte ReadingHasTime = 8;
    internal const byte ReadingHasUnit = 16;

    /// <summary>The most readings of one message.</summary>
    public const int MaxReadings = ushort.MaxValue;

    private readonly ArrayBufferWriter<byte> _buffer = new(256);
    private readonly List<DroppedReading> _dropped = [];
    private int _inputAt = -1;
    private int _count;

    /// <summary>
    /// The packed inputs so far; valid until <see cref="Clear"/>. Call <see cref="EndMessage"/> first.
    /// </summary>
    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    /// <summary>How many readings were written since <see cref="Clear"/>.</summary>
    public int ReadingCount { get; private set; }

    /// <summary>What the decoder could not use.</summary>
    public IReadOnlyList<DroppedReading> Dropped => _dropped;

    /// <summary>Empties the writer for the next message.</summary>
    public void Clear()
    {
        _buffer.ResetWrittenCount();
        _dropped.Clear();
        _inputAt = -1;
        ReadingCount = 0;
    }

    /// <summary>Begins one device message; its readings follow, then <see cref="EndMessage"/>.</summary>
    public void BeginMessage(in MessageHeader header)
    {
        if (_inputAt >= 0)
        {
            throw new InvalidOperationException("end the message before the next begins");
        }

        _inputAt = _buffer.WrittenCount;
        _count = 0;
        Span<byte> head = _buffer.GetSpan(PackedInputs.InputHeader + sizeof(long) + 3);
        head[0] = (byte)InputKind.Readings;
        BinaryPrimitives.WriteInt64LittleEndian(head[PackedInputs.InputHeader..], header.Received);
        head[PackedInputs.InputHeader + sizeof(long)] = (byte)(
            (header.Seq is null ? 0 : MessageHasSeq)
            | (header.Epoch is null ? 0 : MessageHasEpoch)
            | (header.Time is null ? 0 : MessageHasTime)
            | (header.Historical ? MessageHistorical : 0));
        _buffer.Advance(PackedInputs.InputHeader + sizeof(long) + 3);
        WriteText(header.Source);
        if (header.Seq is { } seq)
        {
            WriteVarint((ulong)seq);
        }

        if (header.Epoch is { } epoch)
        {
            WriteVarint((ulong)epoch);
        }

        if (header.Time is { } time)
        {
            WriteInt64(time);
        }
    }

    /// <summary>Ends the message; a message without a reading leaves no trace.</summary>
    public void EndMessage()
    {
        if (_inputAt < 0)
        {
            throw new InvalidOperationException("no message was begun");
        }

        if (_count == 0)
        {
            Truncate(_inputAt);
        }
        else
        {
            Span<byte> head = WrittenSpan(_inputAt);
            BinaryPrimitives.WriteUInt32LittleEndian(head[1..], (uint)(head.Length - PackedInputs.InputHeader));
            Span<byte> count = head[(PackedInputs.InputHeader + sizeof(long) + 1)..];
            BinaryPrimitives.WriteUInt16LittleEndian(count, (ushort)_count);
        }

        _inputAt = -1;
    }

    /// <summary>Writes a number.</summary>
    /// <param name="name">The telemetry's name in UTF-8, components separated by dots.</param>
    /// <param name="value">The number; what is not finite is refused by the fold and counted there.</param>
    /// <param name="detail">Time, unit and quality.</param>
    public void Number(ReadOnlySpan<byte> name, double value, in ReadingDetail detail = default)
    {
        Begin(name, TelemetryType.Number, detail);
        WriteInt64(BitConverter.DoubleToInt64Bits(value));
    }

    /// <summary>Writes a boolean.</summary>
    public void Boolean(ReadOnlySpan<byte> name, bool value, in ReadingDetail detail = default)
    {
        Begin(name, TelemetryType.Boolean, detail);
        WriteByte(value ? (byte)1 : (byte)0);
    }

    /// <summary>Writes a text, UTF-8.</summary>
    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> utf8, in ReadingDetail detail = default)
    {
        Begin(name, TelemetryType.Text, detail);
        WriteText(utf8);
    }

    /// <summary>Writes a position in WGS 84: degrees and metres; altitude NaN where not given.</summary>
    public void Position(
        ReadOnlySpan<byte> name, double latitude, double longitude, double altitude, in ReadingDetail detail = default)
    {
        Begin(name, TelemetryType.Position, detail);
        WriteInt64(BitConverter.DoubleToInt64Bits(latitude));
        WriteInt64(BitConverter.DoubleToInt64Bits(longitude));
        WriteInt64(BitConverter.DoubleToInt64Bits(altitude));
    }

    /// <summary>Writes a waveform block.</summary>
    /// <param name="name">The telemetry's name in UTF-8.</param>
    /// <param name="rate">Samples per second, Hz.</param>
    /// <param name="encoding">How the samples are written.</param>
    /// <param name="scale">What each sample is multiplied by.</param>
    /// <param name="samples">The samples in that encoding.</param>
    /// <param name="detail">Time, unit and quality.</param>
    public void Waveform(
        ReadOnlySpan<byte> name,
        double rate,
        WaveformEncoding encoding,
        double scale,
        ReadOnlySpan<byte> samples,
        in ReadingDetail detail = default)
    {
        Begin(name, TelemetryType.Waveform, detail);
        WriteInt64(BitConverter.DoubleToInt64Bits(rate));
        WriteByte((byte)encoding);
        WriteInt64(BitConverter.DoubleToInt64Bits(scale));
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.GetSpan(sizeof(uint)), (uint)samples.Length);
        _buffer.Advance(sizeof(uint));
        _buffer.Write(samples);
    }

    /// <summary>Writes that a telemetry has no value: quality bad, the last value stays.</summary>
    public void NoValue(ReadOnlySpan<byte> name, in ReadingDetail detail = default) =>
        Begin(name, TelemetryType.None, detail with { Quality = Quality.Bad });

    /// <summary>Says that a reading could not be used.</summary>
    public void Drop(DroppedReading reading) => _dropped.Add(reading);

    internal void AppendInput(InputKind kind, long received, ReadOnlySpan<byte> body)
    {
        Span<byte> head = _buffer.GetSpan(PackedInputs.InputHeader + sizeof(long));
        head[0] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(head[1..], (uint)(sizeof(long) + body.Length));
        BinaryPrimitives.WriteInt64LittleEndian(head[PackedInputs.InputHeader..], received);
        _buffer.Advance(PackedInputs.InputHeader + sizeof(long));
        _buffer.Write(body);
    }

    private void Begin(ReadOnlySpan<byte> name, TelemetryType type, in ReadingDetail detail)
    {
        if (_inputAt < 0)
        {
            throw new InvalidOperationException("begin a message before its readings");
        }

        if (_count == MaxReadings)
        {
            throw new TwinGridException($"a message holds at most {MaxReadings} readings");
        }

        _count++;
        ReadingCount++;
        WriteText(name);
        WriteByte((byte)(
            (int)type
            | (detail.Time is null ? 0 : ReadingHasTime)
            | (detail.Unit is null ? 0 : ReadingHasUnit)
            | ((int)detail.Quality << 5)));
        if (detail.Time is { } time)
        {
            WriteInt64(time);
        }

        if (detail.Unit is { } unit)
        {
            WriteText(unit);
        }
    }

    private void WriteByte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    private void WriteInt64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(sizeof(long)), value);
        _buffer.Advance(sizeof(long));
    }

    private void WriteVarint(ulong value)
    {
        Span<byte> span = _buffer.GetSpan(10);
        int length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        _buffer.Advance(length);
    }

    private void WriteText(ReadOnlySpan<byte> utf8)
    {
        WriteVarint((ulong)utf8.Length);
        _buffer.Write(utf8);
    }

    private void WriteText(string? text)
    {
        text ??= "";
        int length = Encoding.UTF8.GetByteCount(text);
        WriteVarint((ulong)length);
        Encoding.UTF8.GetBytes(text, _buffer.GetSpan(length + 1));
        _buffer.Advance(length);
    }

    private Span<byte> WrittenSpan(int from) =>
        System.Runtime.InteropServices.MemoryMarshal.AsMemory(_buffer.WrittenMemory)[from..].Span;

    private void Truncate(int length)
    {
        byte[] kept = _buffer.WrittenSpan[..length].ToArray();
        _buffer.ResetWrittenCount();
        _buffer.Write(kept);
    }
}
