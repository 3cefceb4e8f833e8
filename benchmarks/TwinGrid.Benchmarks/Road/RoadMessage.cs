namespace TwinGrid.Benchmarks.Road;

/// <summary>One message of a window: sent, answered, and sent again with the next reading.</summary>
internal sealed class RoadMessage(RoadSender sender) : IngestMessage
{
    private readonly byte[] _packed = new byte[128];
    private RoadDevice? _device;
    private int _length;

    public override TwinAddress Address => _device!.Address;

    public override ReadOnlyMemory<byte> Inputs => _packed.AsMemory(0, _length);

    /// <summary>Takes the next reading of a device.</summary>
    public void Take(RoadDevice device, ReadingWriter writer, long now)
    {
        _device = device;
        device.Write(writer, now);
        _length = writer.Written.Length;
        writer.Written.CopyTo(_packed);
    }

    public override void Finished(in IngestResult result)
    {
        _device!.Answered(result);
        sender.Free(this);
    }
}

/// <summary>A device as a load test's are: numbers, an epoch and a time on every message.</summary>
internal sealed class RoadDevice(TwinId twin)
{
    private static readonly byte[] s_name = "v0"u8.ToArray();

    private long _sent;
    private long _revision;
    private long _refused;
    private long _late;

    public TwinAddress Address { get; } = new(twin);

    /// <summary>How many rows the twin has.</summary>
    public long Revision => Volatile.Read(ref _revision);

    /// <summary>How many messages were not accepted.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>How many messages were overtaken by a later one.</summary>
    public long Late => Volatile.Read(ref _late);

    public void Write(ReadingWriter writer, long now)
    {
        writer.Clear();
        writer.BeginMessage(new MessageHeader
        {
            Received = now,
            Source = "load",
            Epoch = 1,
            Seq = _sent++,
            Time = now,
        });
        writer.Number(s_name, 20 + (_sent % 100));
        writer.EndMessage();
    }

    public void Answered(in IngestResult result)
    {
        if (result.Status != IngestStatus.Accepted)
        {
            Interlocked.Increment(ref _refused);
        }
        else if (result.Applied != 1)
        {
            Interlocked.Increment(ref _late);
        }

        Volatile.Write(ref _revision, result.Revision);
    }
}
