using System.Diagnostics.Metrics;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Listening;

/// <content>What each packet does.</content>
internal sealed partial class MqttConnection
{
    /// <summary>The largest CONNECT: it comes before the client is known.</summary>
    private const int MaxConnect = 4_096;

    /// <summary>Topic aliases of one connection, each of which may hold a topic in memory.</summary>
    private const ushort MaxAliases = 16;

    private const byte FirstOfConnect = 0x10;

    private static readonly Counter<long> Shed = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.publish.shed", "{message}", "messages of QoS 0 dropped because too much waits for the store");

    private Next TakeOne(PacketFrame frame, ReadOnlySpan<byte> body) => frame.Type switch
    {
        PacketType.Publish => TakePublish(frame.Flags, body),
        PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp => TakeAnswer(frame, body),
        PacketType.PingReq => TakePing(frame, body),
        PacketType.Subscribe => Defer(
            SubscribePacket.Read(frame.Flags, body, _output.Version, out SubscribePacket? subscribe), subscribe),
        PacketType.Unsubscribe => Defer(
            UnsubscribePacket.Read(frame.Flags, body, _output.Version, out UnsubscribePacket? unsubscribe),
            unsubscribe),
        PacketType.Connect when _session is null => TakeConnect(body),
        PacketType.Connect => EndBy(new PacketFault(ReasonCode.ProtocolError, "a second CONNECT")),
        PacketType.Disconnect => TakeDisconnect(frame.Flags, body),
        PacketType.Auth when _output.Version == ProtocolVersion.V5 =>
            EndBy(new PacketFault(ReasonCode.ProtocolError, "AUTH without an authentication method")),
        _ => EndBy(new PacketFault(ReasonCode.MalformedPacket, $"a client does not send packets of type {frame.Type}")),
    };

    private Next TakeConnect(ReadOnlySpan<byte> body)
    {
        PacketFault? fault = ConnectPacket.Read(body, out ConnectPacket? connect, out ProtocolVersion? version);
        if (version is null)
        {
            return EndSilently("not MQTT");
        }

        _output.Version = version.Value;
        if (fault is null && connect is { AuthenticationMethod: { } method })
        {
            fault = new PacketFault(
                ReasonCode.BadAuthenticationMethod, $"the authentication method '{method}' is not known");
        }

        return fault is { } why ? RefuseConnect(why) : Defer(null, connect);
    }

    private Next RefuseConnect(PacketFault fault)
    {
        _isRefused = _output.Version == ProtocolVersion.V5 || PacketWriter.ReturnCode(fault.Reason) is not null;
        _output.Write(output => PacketWriter.ConnAck(
            output,
            _output.Version,
            new ConnAckPacket { Reason = fault.Reason, ReasonString = Said(fault.Detail) },
            _output.Largest));
        return EndBy(fault);
    }

    private Next TakePublish(int flags, ReadOnlySpan<byte> body)
    {
        if (Volatile.Read(ref _ending) is not null)
        {
            // One before it failed, and comes again: this one must not overtake it.
            return Next.End;
        }

        if (PublishPacket.Read(flags, body, _output.Version, out PublishPacket publish) is { } fault)
        {
            return EndBy(fault);
        }

        if (FindSlot(publish, out TopicSlot? slot) is { } topicFault)
        {
            return EndBy(topicFault);
        }

        switch (publish.Qos == 2 ? _session!.BeginReceive(publish.PacketId) : Reception.New)
        {
            case Reception.New when IsOverReceiveMaximum(publish.Qos):
                return EndBy(new PacketFault(ReasonCode.ReceiveMaximumExceeded, "more publishes than Receive Maximum"));
            case Reception.New:
                return Hand(publish, slot!);
            case Reception.Taken:
                _output.Answer(PacketType.PubRec, publish.PacketId, ReasonCode.Success, null);
                return Next.Packet;
            default:
                return Next.Packet;
        }
    }

    /// <summary>
    /// True when the client did not keep to Receive Maximum. A client of MQTT 3.1.1 knows none and is held back, but
    /// for QoS 2 messages that it never releases.
    /// </summary>
    private bool IsOverReceiveMaximum(byte qos)
    {
        int unreleased = _session!.Unreleased;
        int owed = _output.Version == ProtocolVersion.V5 ? _inFlight.Unacknowledged + unreleased : unreleased;

        // One of QoS 2 counts itself already.
        return qos > 0 && owed - (qos == 2 ? 1 : 0) >= _parts.Limits.InFlightPerConnection;
    }

    /// <summary>Hands a publish on; its answer comes when it is known.</summary>
    private Next Hand(in PublishPacket publish, TopicSlot slot)
    {
        if (publish.Qos == 0 && _parts.Budget.IsHigh)
        {
            // Its sender gave up every promise; what others wait an answer for comes first.
            Shed.Add(1);
            return Next.Packet;
        }

        if (!_inFlight.TryAdd(publish.PacketId, publish.Qos, publish.Payload.Length))
        {
            // Section 2.2.1.3: an identifier in use. The publish that has it is answered, this one is not taken.
            _session!.Received(publish.Qos == 2 ? publish.PacketId : (ushort)0, isTaken: false);
            return Next.Packet;
        }

        if (_parts.OpenTopics.Takes(slot))
        {
            _parts.OpenTopics.Publish(
                Client,
                slot.Topic,
                publish.Payload,
                publish.Qos,
                publish.Retain,
                publish.MessageExpiry,
                publish.Properties);
            _inFlight.Free(publish.PacketId, publish.Qos);
            Answer(publish.Qos, publish.PacketId, true, ReasonCode.Success, null);
            _inFlight.Remove(publish.Payload.Length);
        }
        else
        {
            _parts.Intake.Take(
                this, slot, publish.PacketId, publish.Qos, publish.Payload, publish.ContentType);
        }

        return Next.Packet;
    }

    /// <summary>Where the topic leads, or the alias that stands for it.</summary>
    private PacketFault? FindSlot(in PublishPacket publish, out TopicSlot? slot)
    {
        slot = null;
        if (publish.TopicAlias > MaxAliases)
        {
            return new PacketFault(ReasonCode.TopicAliasInvalid, $"a topic alias above {MaxAliases}");
        }

        if (publish.Topic.IsEmpty)
        {
            slot = publish.TopicAlias == 0 ? null : _aliases?[publish.TopicAlias - 1];
            return slot is null
                ? new PacketFault(ReasonCode.ProtocolError, "neither a topic nor an alias that stands for one")
                : null;
        }

        if (_lastSlot is { } last && last.Is(publish.Topic))
        {
            slot = last;
        }
        else if (!_parts.Intake.TryFindSlot(publish.Topic, out slot))
        {
            if (PublishPacket.CheckTopic(publish.Topic) is { } fault)
            {
                return fault;
            }

            slot = _parts.Intake.AddSlot(publish.Topic);
        }

        _lastSlot = slot;
        if (publish.TopicAlias > 0)
        {
            (_aliases ??= new TopicSlot?[MaxAliases])[publish.TopicAlias - 1] = slot;
        }

        return null;
    }

    private Next TakeAnswer(PacketFrame frame, ReadOnlySpan<byte> body)
    {
        if (AnswerPacket.Read(frame, body, _output.Version, out AnswerPacket answer) is { } fault)
        {
            return EndBy(fault);
        }

        byte qos = frame.Type == PacketType.PubAck ? (byte)1 : (byte)2;
        if (frame.Type != PacketType.PubRel && !_session!.MayAnswer(answer.PacketId, qos))
        {
            return EndBy(new PacketFault(
                ReasonCode.ProtocolError, $"a {frame.Type} answers a message of another quality of service"));
        }

        bool isError = answer.Reason >= ReasonCode.UnspecifiedError;
        switch (frame.Type)
        {
            case PacketType.PubRel:
                ReasonCode known = _session!.Release(answer.PacketId)
                    ? ReasonCode.Success
                    : ReasonCode.PacketIdentifierNotFound;
                _output.Answer(PacketType.PubComp, answer.PacketId, known, null);
                break;
            case PacketType.PubRec when isError:
                _session!.Acknowledge(answer.PacketId, 2);
                _output.Wake();
                break;
            case PacketType.PubRec:
                ReasonCode found = _session!.Receive(answer.PacketId) is null
                    ? ReasonCode.PacketIdentifierNotFound
                    : ReasonCode.Success;
                _output.Answer(PacketType.PubRel, answer.PacketId, found, null);
                break;
            default:
                if (_session!.Acknowledge(answer.PacketId, qos) is not { } delivered)
                {
                    return Next.Packet;
                }

                if (!isError)
                {
                    _parts.Receipts.Acknowledged(_session, delivered.Message);
                }

                _output.Wake();
                break;
        }

        return Next.Packet;
    }

    private Next TakePing(PacketFrame frame, ReadOnlySpan<byte> body)
    {
        if (frame.Flags != 0 || !body.IsEmpty)
        {
            return EndBy(new PacketFault(ReasonCode.MalformedPacket, "a PINGREQ has no flags and nothing in it"));
        }

        _output.Write(PacketWriter.PingResp);
        return Next.Packet;
    }

    private Next TakeDisconnect(int flags, ReadOnlySpan<byte> body)
    {
        if (DisconnectPacket.Read(flags, body, _output.Version, out DisconnectPacket disconnect) is { } fault)
        {
            return EndBy(fault);
        }

        if (disconnect.SessionExpiry is > 0 && _connect!.SessionExpiry == 0)
        {
            return EndBy(new PacketFault(
                ReasonCode.ProtocolError, "a session that ends with its connection cannot be prolonged at its end"));
        }

        _expiry = disconnect.SessionExpiry;
        _isNormalEnd = disconnect.Reason == ReasonCode.Success;
        if (_isNormalEnd)
        {
            _parts.Sessions.DropWill(_session!, _link);
        }

        TryEnd(new Ending("disconnected", ReasonCode.Success, null));
        return Next.End;
    }

    private Next Defer(PacketFault? fault, object? packet)
    {
        if (fault is { } why)
        {
            return EndBy(why);
        }

        _deferred = packet;
        return Next.Deferred;
    }

    /// <summary>Does what takes time, while no further packet is taken.</summary>
    private async Task TakeDeferredAsync()
    {
        switch (_deferred)
        {
            case ConnectPacket connect:
                await ConnectAsync(connect);
                break;
            case SubscribePacket subscribe:
                await SubscribeAsync(subscribe);
                break;
            case UnsubscribePacket unsubscribe:
                await UnsubscribeAsync(unsubscribe);
                break;
            default:
                break;
        }

        _deferred = null;
    }
}
