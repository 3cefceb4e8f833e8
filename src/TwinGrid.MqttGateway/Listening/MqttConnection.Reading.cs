using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Listening;

/// <content>How it reads: all packets of a socket read in one pass, until something must be waited for.</content>
internal sealed partial class MqttConnection
{
    /// <summary>What the next step of reading is.</summary>
    private enum Next : byte
    {
        /// <summary>The next packet.</summary>
        Packet,

        /// <summary>More bytes.</summary>
        Bytes,

        /// <summary>Wait until there is room for more publishes.</summary>
        Room,

        /// <summary>Wait until there is memory for a large packet.</summary>
        Memory,

        /// <summary>Something that takes time: <see cref="_deferred"/>.</summary>
        Deferred,

        /// <summary>None: the connection ends.</summary>
        End,
    }

    private async Task ReadAsync()
    {
        PipeReader input = _context.Transport.Input;
        while (true)
        {
            ReadResult result = await input.ReadAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (Volatile.Read(ref _ending) is not null)
            {
                input.AdvanceTo(buffer.Start);
                return;
            }

            _watch.Heard();
            Next next = Take(ref buffer);
            _watch.Left(buffer.Length);
            input.AdvanceTo(buffer.Start, next == Next.Bytes ? buffer.End : buffer.Start);
            if (next == Next.End || (next == Next.Bytes && result.IsCompleted))
            {
                return;
            }

            if (next == Next.Deferred)
            {
                _watch.IsHeld = true;
                await TakeDeferredAsync();
                _watch.IsHeld = false;
                if (Volatile.Read(ref _ending) is not null)
                {
                    return;
                }
            }
            else if (next == Next.Room)
            {
                _watch.IsHeld = true;
                await WaitForRoomAsync();
                await WaitForBudgetAsync();
                await _output.WaitForReliefAsync();
                _watch.IsHeld = false;
            }
            else if (next == Next.Memory)
            {
                _watch.IsHeld = true;
                await _parts.LargePackets.WaitAsync(Address, _wanted, Linger);
                _watch.IsHeld = false;
            }
        }
    }

    /// <summary>Takes all packets that are there, as far as it may.</summary>
    private Next Take(ref ReadOnlySequence<byte> buffer)
    {
        using Activity? read = MessageIntake.BeginRead();
        int largest = _session is null
            ? Math.Min(MaxConnect, _parts.Limits.PacketBytes)
            : _parts.Limits.PacketBytes;
        while (true)
        {
            FrameStatus status = PacketFrame.Read(buffer, largest, out PacketFrame frame, out PacketFault fault);
            if (_session is null && !buffer.IsEmpty && buffer.FirstSpan[0] != FirstOfConnect)
            {
                return EndSilently("not MQTT");
            }

            if (status == FrameStatus.Incomplete)
            {
                return TakeMemory(frame.Length) ? Next.Bytes : Next.Memory;
            }

            if (status == FrameStatus.Refused)
            {
                return _session is null ? EndSilently("not MQTT") : EndBy(fault);
            }

            if (MustWait(frame))
            {
                if (_largePacket is not null)
                {
                    _parts.LargePackets.HasCome(_largePacket);
                }

                return Next.Room;
            }

            ReturnMemory();
            ReadOnlySequence<byte> body = buffer.Slice(frame.HeaderLength, frame.Length - frame.HeaderLength);
            Next next = body.IsSingleSegment ? TakeOne(frame, body.FirstSpan) : TakeScattered(frame, body);
            buffer = buffer.Slice(frame.Length);
            if (next != Next.Packet)
            {
                return next;
            }
        }
    }

    /// <summary>
    /// Waits until there is room for more publishes. An MQTT 5 client that sends more than Receive Maximum, as some
    /// libraries do, is held back like one of MQTT 3.1.1 for a while, before it is told.
    /// </summary>
    private async Task WaitForRoomAsync()
    {
        Task room = _inFlight.WaitForRoomAsync();
        if (_output.Version == ProtocolVersion.V5 && _inFlight.Unacknowledged >= _parts.Limits.InFlightPerConnection)
        {
            await Task.WhenAny(room, Task.Delay(ReceiveMaximumGrace, _parts.Clock));
            if (!room.IsCompleted)
            {
                End(new Ending(
                    nameof(ReasonCode.ReceiveMaximumExceeded),
                    ReasonCode.ReceiveMaximumExceeded,
                    "more publishes than Receive Maximum"));
            }
        }

        await room;
    }

    /// <summary>Waits until the process has room for more, or the connection ends.</summary>
    private async Task WaitForBudgetAsync()
    {
        while (_parts.Budget.IsFull && Volatile.Read(ref _ending) is null)
        {
            await _parts.Budget.WaitForRoomAsync(_parts.Clock);
        }
    }

    /// <summary>A packet larger than the socket's buffer needs memory of its own before it is read on.</summary>
    private bool TakeMemory(int length)
    {
        _wanted = length;
        return length <= MqttListener.SocketBuffer
            || _largePacket is not null
            || _parts.LargePackets.TryTake(Address, length, _cutSlow ??= () => Cut("slow packet"), out _largePacket);
    }

    private void ReturnMemory()
    {
        if (_largePacket is not null)
        {
            _parts.LargePackets.Return(_largePacket);
            _largePacket = null;
        }
    }

    /// <summary>A packet that lies in more than one block is copied into one.</summary>
    private Next TakeScattered(PacketFrame frame, in ReadOnlySequence<byte> body)
    {
        int length = (int)body.Length;
        byte[] whole = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            body.CopyTo(whole);
            return TakeOne(frame, whole.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    /// <summary>True while a packet may not be taken yet.</summary>
    private bool MustWait(PacketFrame frame)
    {
        if (_output.IsCongested)
        {
            return true;
        }

        if (frame.Type == PacketType.Publish && _parts.Budget.IsFull)
        {
            return true;
        }

        bool mayHold = _output.Version == ProtocolVersion.V311
            || (frame.Type == PacketType.Publish && (frame.Flags & 0b0100) == 0);
        return (mayHold && _inFlight.IsFull) || (frame.Type == PacketType.Publish && _inFlight.IsHeavy);
    }
}
