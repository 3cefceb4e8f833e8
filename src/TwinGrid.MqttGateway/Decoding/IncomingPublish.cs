using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// One message from a client on its way to its twin and back: from the packet that was read to its acknowledgement.
/// Pooled: it is its source's only until <see cref="PublishSource.Answered"/> returns.
/// </summary>
internal sealed class IncomingPublish(MessageIntake intake) : IngestMessage, IThreadPoolWorkItem
{
    private byte[] _sample = [];
    private int _sampled;
    private DevicePresence? _feeding;
    private bool _isFirst;
    private IngestResult _result;

    /// <summary>Who published it.</summary>
    public PublishSource Source { get; private set; } = null!;

    /// <summary>Where its topic leads.</summary>
    public TopicSlot Slot { get; private set; } = null!;

    /// <summary>The packet's identifier; 0 with QoS 0.</summary>
    public ushort PacketId { get; private set; }

    /// <summary>0, 1 or 2.</summary>
    public byte Qos { get; private set; }

    /// <summary>True for QoS 1 and 2: its sender waits for an answer.</summary>
    public bool IsAcknowledged => Qos > 0;

    /// <summary>Bytes of the payload.</summary>
    public int Size { get; private set; }

    /// <summary>What a dead letter keeps of the payload.</summary>
    public ReadOnlySpan<byte> Sample => _sample.AsSpan(0, _sampled);

    /// <summary>What was decoded.</summary>
    public ReadingWriter Readings { get; } = new();

    /// <summary>
    /// False when the message was not kept and must be sent again: no acknowledgement may go out, the connection is
    /// closed so that the client does.
    /// </summary>
    public bool Acknowledge { get; private set; }

    /// <summary>What an MQTT 5 client is told.</summary>
    public ReasonCode Reason { get; private set; }

    /// <summary>The same as a sentence, or null.</summary>
    public string? Detail { get; private set; }

    /// <inheritdoc/>
    public override TwinAddress Address => Slot.Address!;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Inputs => Readings.Written;

    /// <summary>Takes what the packet says; of the payload it keeps only the sample.</summary>
    public void Begin(PublishSource source, TopicSlot slot, ushort packetId, byte qos, ReadOnlySpan<byte> payload)
    {
        Source = source;
        Slot = slot;
        PacketId = packetId;
        Qos = qos;
        Size = payload.Length;
        _sampled = Math.Min(payload.Length, DeadLetterLog.MaxSample);
        if (_sample.Length < _sampled)
        {
            _sample = new byte[RoundUp(_sampled)];
        }

        payload[.._sampled].CopyTo(_sample);
    }

    /// <summary>
    /// Begins to feed the twin, until the answer. The first message of a connection to a twin says that its device is
    /// there, in front of its readings.
    /// </summary>
    /// <param name="received">When the message was received.</param>
    public void Feed(long received)
    {
        if (Source.Presence is not { } presence || !presence.TryBeginFeed())
        {
            return;
        }

        _feeding = presence;
        if (Slot.Route.Use != TopicUse.Online && presence.Remember(Slot))
        {
            _isFirst = true;
            InputDecoder.WritePresence(Readings, true, presence.Id, received);
        }
    }

    /// <summary>Takes back that the twin was fed: the message did not reach it.</summary>
    public void NotFed()
    {
        if (_isFirst)
        {
            _feeding!.Forget(Slot.Route.Twin);
        }
    }

    /// <inheritdoc/>
    public override void Finished(in IngestResult result)
    {
        if (result.Status == IngestStatus.Accepted && result.Dropped is null or { Count: 0 }
            && Readings.Dropped.Count == 0)
        {
            Answer(true, ReasonCode.Success);
            return;
        }

        // Dead letters are awaited: not in the turn of a twin, which this may be.
        _result = result;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute() => intake.Settle(this, _result);

    /// <summary>Gives the answer and ends the message: nobody may use it any more.</summary>
    /// <param name="acknowledge">False when it must be sent again.</param>
    /// <param name="reason">What an MQTT 5 client is told.</param>
    /// <param name="detail">The same as a sentence.</param>
    /// <param name="isOver">
    /// False where the road failed: somebody may still read the inputs, so the message is left to them.
    /// </param>
    public void Answer(bool acknowledge, ReasonCode reason, string? detail = null, bool isOver = true)
    {
        Acknowledge = acknowledge;
        Reason = reason;
        Detail = detail;
        _feeding?.EndFeed();
        Source.Answered(this);
        if (isOver)
        {
            intake.Return(this);
        }
    }

    /// <summary>Forgets the message, so that nothing of it shows in the next.</summary>
    public void Clear()
    {
        Source = null!;
        Slot = null!;
        Detail = null;
        Readings.Clear();
        _sampled = 0;
        _feeding = null;
        _isFirst = false;
        _result = default;
    }

    private static int RoundUp(int size) => size <= 256 ? 256 : DeadLetterLog.MaxSample;
}
