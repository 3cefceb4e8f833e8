using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// One message from a client on its way to its twin and back: from the packet that was read to its acknowledgement.
/// Pooled: it is its source's only until <see cref="PublishSource.Answered"/> returns.
/// </summary>
internal sealed class IncomingPublish : IngestMessage
{
    /// <summary>Who published it.</summary>
    public PublishSource Source { get; set; } = null!;

    /// <summary>The packet's identifier; 0 with QoS 0.</summary>
    public ushort PacketId { get; set; }

    /// <summary>0, 1 or 2.</summary>
    public byte Qos { get; set; }

    /// <summary>Bytes of the payload.</summary>
    public int Size { get; set; }

    /// <summary>
    /// False when the message was not kept and must be sent again: no acknowledgement may go out, the connection is
    /// closed so that the client does.
    /// </summary>
    public bool Acknowledge { get; set; }

    /// <summary>What an MQTT 5 client is told.</summary>
    public ReasonCode Reason { get; set; }

    /// <summary>The same as a sentence, or null.</summary>
    public string? Detail { get; set; }

    /// <inheritdoc/>
    public override TwinAddress Address => throw new NotSupportedException();

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> Inputs => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Finished(in IngestResult result) => throw new NotSupportedException();
}
