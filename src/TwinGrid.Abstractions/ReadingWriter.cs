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

    private const int MaxVarint = 10;
    private const int UsualSource = 64;
    private const int FlagsAt = PackedInputs.InputHeader + sizeof(long);

    private readonly List<DroppedReading> _dropped = [];
    private byte[] _buffer = new byte[256];
    private int _length;
    private int _inputAt = -1;
    private int _count;
    private long? _untimed;

    /// <summary>
    /// The packed inputs so far; valid until <see cref="Clear"/>. Call <see cref="EndMessage"/> first.
    /// </summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    /// <summary>How many readings were written since <see cref="Clear"/>.</summary>
    public int ReadingCount { get; private set; }

    /// <summary>What the decoder could not use.</summary>
    public IReadOnlyList<DroppedReading> Dropped => _dropped;

    /// <summary>
    /// A time, Unix microseconds, for readings that come with neither a time nor a number, so that the same message is
    /// known when it comes again; null, the default, for none. Until <see cref="Clear"/>.
    /// </summary>
    public long? TimeOfUntimed { get; set; }

    /// <summary>Empties the writer for the next message.</summary>
    public void Clear()
    {
        TimeOfUntimed = null;
        _length = 0;
        _dropped.Clear();
        _inputAt = -1;
        ReadingCount = 0;
    }

    /// <summary>Begins one device message; its readings follow, then <see cref="EndMessage"/>.</summary>
    public void BeginMessage(in MessageHeader header)
    {
        string source = header.Source ?? "";
        Span<byte> utf8 = source.Length <= UsualSource
            ? stackalloc byte[3 * UsualSource]
            : new byte[Encoding.UTF8.GetMaxByteCount(source.Length)];
        BeginMessage(header, utf8[..Encoding.UTF8.GetBytes(source, utf8)]);
    }

    /// <summary>Begins one device message whose publisher's name lies in a buffer.</summary>
    /// <param name="header">What the device says of it; <see cref="MessageHeader.Source"/> is not read.</param>
    /// <param name="source">The publisher's name in UTF-8, at most 64 characters; empty by default.</param>
    public void BeginMessage(in MessageHeader header, ReadOnlySpan<byte> source)
    {
        if (_inputAt >= 0)
        {
            throw new InvalidOperationException("end the message before the next begins");
        }

        MakeRoom(FlagsAt + 3 + source.Length + (3 * MaxVarint) + sizeof(long));
        _inputAt = _length;
        _count = 0;
        _untimed = header.Time is null && (header.Seq is null || header.Epoch is null) ? TimeOfUntimed : null;
        Span<byte> head = _buffer.AsSpan(_length);
        head[0] = (byte)InputKind.Readings;
        BinaryPrimitives.WriteInt64LittleEndian(head[PackedInputs.InputHeader..], header.Received);
        head[FlagsAt] = (byte)(
            (header.Seq is null ? 0 : MessageHasSeq)
            | (header.Epoch is null ? 0 : MessageHasEpoch)
            | (header.Time is null ? 0 : MessageHasTime)
            | (header.Historical ? MessageHistorical : 0));
        _length += FlagsAt + 3;
        WriteText(source);
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
            _length = _inputAt;
        }
        else
        {
            Span<byte> head = _buffer.AsSpan(_inputAt.._length);
            BinaryPrimitives.WriteUInt32LittleEndian(head[1..], (uint)(head.Length - PackedInputs.InputHeader));
            BinaryPrimitives.WriteUInt16LittleEndian(head[(FlagsAt + 1)..], (ushort)_count);
        }

        _inputAt = -1;
    }

    /// <summary>Writes a number.</summary>
    /// <param name="name">The telemetry's name in UTF-8, components separated by dots.</param>
    /// <param name="value">The number; what is not finite is refused by the fold and counted there.</param>
    /// <param name="detail">Time, unit and quality.</param>
    public void Number(ReadOnlySpan<byte> name, double value, in ReadingDetail detail = default)
    {
        Begin(name, TelemetryType.Number, detail, sizeof(double));
        WriteInt64(BitConverter.DoubleToInt64Bits(value));
    }

    /// <summary>Writes a boolean.</summary>
    public void Boolean(ReadOnlySpan<byte> name, bool value, in ReadingDetail detail = default)
    {
        Begin(name, TelemetryType.Boolean, detail, 1);
        _buffer[_length++] = value ? (byte)1 : (byte)0;
    }

    /// <summary>Writes a text, UTF-8.</summary>
    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> utf8, in ReadingDetail detail = default)
    {
        Begin(name, TelemetryType.Text, detail, MaxVarint + utf8.Length);
        WriteText(utf8);
    }

    /// <summary>Writes a position in WGS 84: degrees and metres; altitude NaN where not given.</summary>
    public void Position(
        ReadOnlySpan<byte> name, double latitude, double longitude, double altitude, in ReadingDetail detail = default)
    {
        Begin(name, TelemetryType.Position, detail, 3 * sizeof(double));
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
        Begin(name, TelemetryType.Waveform, detail, (2 * sizeof(double)) + 1 + sizeof(uint) + samples.Length);
        WriteInt64(BitConverter.DoubleToInt64Bits(rate));
        _buffer[_length++] = (byte)encoding;
        WriteInt64(BitConverter.DoubleToInt64Bits(scale));
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_length), (uint)samples.Length);
        _length += sizeof(uint);
        Write(samples);
    }

    /// <summary>Writes that a telemetry has no value: quality bad, the last value stays.</summary>
    public void NoValue(ReadOnlySpan<byte> name, in ReadingDetail detail = default) =>
        Begin(name, TelemetryType.None, detail with { Quality = Quality.Bad }, 0);

    /// <summary>Says that a reading could not be used.</summary>
    public void Drop(DroppedReading reading) => _dropped.Add(reading);

    internal void AppendInput(InputKind kind, long received, ReadOnlySpan<byte> body)
    {
        MakeRoom(PackedInputs.InputHeader + sizeof(long) + body.Length);
        Span<byte> head = _buffer.AsSpan(_length);
        head[0] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(head[1..], (uint)(sizeof(long) + body.Length));
        BinaryPrimitives.WriteInt64LittleEndian(head[PackedInputs.InputHeader..], received);
        _length += PackedInputs.InputHeader + sizeof(long);
        Write(body);
    }

    /// <summary>Writes what stands before a value and makes room for the value.</summary>
    private void Begin(ReadOnlySpan<byte> name, TelemetryType type, in ReadingDetail detail, int valueSize)
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
        int unitSize = detail.Unit is null ? 0 : MaxVarint + Encoding.UTF8.GetMaxByteCount(detail.Unit.Length);
        MakeRoom(MaxVarint + name.Length + 1 + sizeof(long) + unitSize + valueSize);
        WriteText(name);
        long? given = detail.Time ?? _untimed;
        _buffer[_length++] = (byte)(
            (int)type
            | (given is null ? 0 : ReadingHasTime)
            | (detail.Unit is null ? 0 : ReadingHasUnit)
            | ((int)detail.Quality << 5));
        if (given is { } time)
        {
            WriteInt64(time);
        }

        if (detail.Unit is { } unit)
        {
            WriteVarint((ulong)Encoding.UTF8.GetByteCount(unit));
            _length += Encoding.UTF8.GetBytes(unit, _buffer.AsSpan(_length));
        }
    }

    private void MakeRoom(int size)
    {
        if (_buffer.Length - _length < size)
        {
            Array.Resize(ref _buffer, Math.Max(_length + size, 2 * _buffer.Length));
        }
    }

    // What follows writes where room was made.
    private void WriteInt64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.AsSpan(_length), value);
        _length += sizeof(long);
    }

    private void WriteVarint(ulong value)
    {
        while (value >= 0x80)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[_length++] = (byte)value;
    }

    private void WriteText(ReadOnlySpan<byte> utf8)
    {
        WriteVarint((ulong)utf8.Length);
        Write(utf8);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }
}
