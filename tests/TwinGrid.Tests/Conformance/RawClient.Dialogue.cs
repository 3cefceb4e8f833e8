namespace TwinGrid.Tests.Conformance;

/// <summary>What a proper client says, with the server's answers.</summary>
internal sealed partial class RawClient
{
    /// <summary>CONNECT and an accepting CONNACK.</summary>
    public async Task<ConnAck> ConnectAsync(Connect connect)
    {
        await SendAsync(connect.ToBytes(Level));
        ConnAck answer = await ExpectAsync<ConnAck>();
        Assert.Equal(0, answer.Code);
        return answer;
    }

    /// <summary>SUBSCRIBE to one filter, and what it got.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="options">The options byte: QoS, and with MQTT 5 more.</param>
    /// <param name="identifier">The subscription identifier, or 0 for none.</param>
    public async Task<byte> SubscribeAsync(string filter, int options = 0, int identifier = 0)
    {
        SubAck answer = await SubscribeAsync(
            [(filter, options)], Identifier(identifier));
        return Assert.Single(answer.Codes);
    }

    public async Task<SubAck> SubscribeAsync(
        IReadOnlyList<(string Filter, int Options)> filters, PropertyList? properties = null)
    {
        ushort id = NextId();
        await SendAsync(PacketBytes.Subscribe(Level, id, filters, properties));
        SubAck answer = await TakeAsync<SubAck>();
        Assert.Equal((PacketKind.SubAck, id), (answer.Kind, answer.Id));
        Assert.Equal(filters.Count, answer.Codes.Length);
        return answer;
    }

    public async Task<SubAck> UnsubscribeAsync(params string[] filters)
    {
        ushort id = NextId();
        await SendAsync(PacketBytes.Unsubscribe(Level, id, filters));
        SubAck answer = await TakeAsync<SubAck>();
        Assert.Equal((PacketKind.UnsubAck, id), (answer.Kind, answer.Id));
        Assert.Equal(Level == 5 ? filters.Length : 0, answer.Codes.Length);
        return answer;
    }

    /// <summary>PUBLISH with the whole exchange of its QoS.</summary>
    /// <returns>The reason code of PUBACK or PUBREC; 0 with QoS 0.</returns>
    public async Task<byte> PublishAsync(
        string topic, string payload, int qos = 1, bool retain = false, PropertyList? properties = null)
    {
        ushort id = qos == 0 ? (ushort)0 : NextId();
        await SendAsync(PacketBytes.Publish(Level, topic, payload, qos, id, retain, false, properties));
        if (qos == 0)
        {
            return 0;
        }

        Answer answer = await TakeAsync(qos == 1 ? PacketKind.PubAck : PacketKind.PubRec, id);
        if (qos == 2 && answer.Reason < 0x80)
        {
            await SendAsync(PacketBytes.Answer(PacketKind.PubRel, id));
            await TakeAsync(PacketKind.PubComp, id);
        }

        return answer.Reason;
    }

    /// <summary>The next message, acknowledged as its QoS says.</summary>
    public async Task<Publish> HearAsync()
    {
        Publish publish = await TakeAsync<Publish>();
        await AcknowledgeAsync(publish);
        return publish;
    }

    public async Task AcknowledgeAsync(Publish publish)
    {
        if (publish.Qos == 1)
        {
            await SendAsync(PacketBytes.Answer(PacketKind.PubAck, publish.Id));
        }
        else if (publish.Qos == 2)
        {
            await SendAsync(PacketBytes.Answer(PacketKind.PubRec, publish.Id));
            await TakeAsync(PacketKind.PubRel, publish.Id);
            await SendAsync(PacketBytes.Answer(PacketKind.PubComp, publish.Id));
        }
    }

    /// <summary>PINGREQ and its PINGRESP: what the server had to say before has come.</summary>
    public async Task PingAsync()
    {
        await SendAsync(PacketBytes.PingReq);
        await TakeAsync<PingResp>();
    }

    /// <summary>Asserts that nothing waits, after a round to the server.</summary>
    public async Task AssertQuietAsync()
    {
        await PingAsync();
        Assert.Empty(_kept);
    }

    /// <summary>
    /// Asserts that the server ends the connection, and that the reason, which an MQTT 5 server may give in a
    /// DISCONNECT (section 4.13.1), is one of these.
    /// </summary>
    public async Task AssertRefusedAsync(params byte[] reasons)
    {
        RawPacket? last = await ReadAsync();
        if (last is Disconnect said)
        {
            Assert.Contains(said.Reason, reasons);
            last = await ReadAsync();
        }

        Assert.Null(last);
    }

    /// <summary>Asserts that a CONNECT is refused with a code, after which the server closes.</summary>
    public async Task AssertNotAcceptedAsync(byte code)
    {
        ConnAck answer = await ExpectAsync<ConnAck>();
        Assert.Equal(code, answer.Code);
        Assert.False(answer.SessionPresent, "a refusal says session present 0 [MQTT-3.2.2-6]");
        await AssertClosedAsync();
    }

    /// <summary>DISCONNECT, and the server's end of the connection.</summary>
    public async Task LeaveAsync(byte reason = 0, PropertyList? properties = null)
    {
        await SendAsync(PacketBytes.Disconnect(Level, reason, properties));
        while (await ReadAsync() is not null)
        {
            // What was on its way.
        }

        _socket.Dispose();
    }

    private static PropertyList? Identifier(int identifier) =>
        identifier == 0 ? null : new() { { Property.SubscriptionIdentifier, identifier } };
}
