using System.Buffers;
using System.IO.Pipelines;
using MQTTnet.Exceptions;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// Stands between a socket and the packet decoder and looks at every packet's first bytes before the packet is waited
/// for: the first one must be a CONNECT of at most <see cref="MaxConnect"/> bytes, none may be larger than the limit,
/// and none may break off. So five bytes cannot claim 256 MiB, and half a packet cannot keep a thread busy.
/// </summary>
/// <remarks>
/// It relies on the decoder consuming whole packets only, one at a time, so that each read begins at a packet's start
/// (MQTTnet's MqttConnectionContext does).
/// </remarks>
internal sealed class PacketLimitReader(PipeReader inner, int maxPacket) : PipeReader
{
    /// <summary>The largest CONNECT: it comes before the client is known.</summary>
    public const int MaxConnect = 4_096;

    private const byte Connect = 0x10;

    private ReadOnlySequence<byte> _read;
    private bool _isConnected;

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _isConnected |= !consumed.Equals(_read.Start);
        inner.AdvanceTo(consumed, examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <inheritdoc/>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ReadResult result = await inner.ReadAsync(cancellationToken);
        Check(result);
        return result;
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
        {
            return false;
        }

        Check(result);
        return true;
    }

    private void Check(in ReadResult result)
    {
        _read = result.Buffer;
        if (_read.IsEmpty)
        {
            return;
        }

        if (!_isConnected && _read.FirstSpan[0] != Connect)
        {
            throw Refused("the first packet is not CONNECT");
        }

        long length = PacketLength(_read);
        if (length > (_isConnected ? maxPacket : Math.Min(MaxConnect, maxPacket)))
        {
            throw Refused($"a packet of {length} bytes");
        }

        if (result.IsCompleted && length > _read.Length)
        {
            throw Refused("the connection ended in the middle of a packet");
        }
    }

    /// <summary>The whole packet's length as its header says; more than any limit for a header that is none.</summary>
    private static long PacketLength(in ReadOnlySequence<byte> packet)
    {
        SequenceReader<byte> reader = new(packet);
        reader.Advance(1);
        long length = 0;
        for (int shift = 0; shift <= 21; shift += 7)
        {
            if (!reader.TryRead(out byte next))
            {
                // Not known yet; it is at least one byte longer than what is there.
                return packet.Length + 1;
            }

            length |= (long)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return reader.Consumed + length;
            }
        }

        return long.MaxValue;
    }

    private static MqttCommunicationException Refused(string why) => new(why);
}
