using System.Text;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>What a subscriber that is slow, or away, is owed.</summary>
public class OutboxTests
{
    [Fact]
    public void Of_states_that_wait_the_newest_of_each_topic_is_sent()
    {
        Outbox outbox = new(capacity: 10);
        outbox.Add(State("a", "1"));
        outbox.Add(State("b", "1"));
        Assert.Equal(Offer.Conflated, outbox.Add(State("a", "2")));
        Assert.Equal(["a 2", "b 1"], Sent(outbox));
        Assert.Equal(Offer.Taken, outbox.Add(State("a", "3")));
        Assert.Equal(["a 3"], Sent(outbox));
    }

    [Fact]
    public void Of_too_many_states_the_oldest_go()
    {
        Outbox outbox = new(capacity: 2);
        outbox.Add(State("a", "1"));
        outbox.Add(State("b", "1"));
        Assert.Equal(Offer.Conflated, outbox.Add(State("c", "1")));
        Assert.Equal(["b 1", "c 1"], Sent(outbox));
    }

    [Fact]
    public void An_alarm_for_which_there_is_no_room_is_not_taken()
    {
        Outbox outbox = new(capacity: 2);
        Assert.Equal(Offer.Taken, outbox.Add(Alarm("a")));
        Assert.Equal(Offer.Taken, outbox.Add(Alarm("b")));
        Assert.Equal(Offer.Full, outbox.Add(Alarm("c")));
        Assert.Equal(["a x", "b x"], Sent(outbox));
    }

    [Fact]
    public void No_more_is_sent_than_the_client_takes_unacknowledged()
    {
        Outbox outbox = new(capacity: 10) { ReceiveMaximum = 2 };
        foreach (string topic in new[] { "a", "b", "c" })
        {
            outbox.Add(Alarm(topic));
        }

        Assert.True(outbox.TryTakeNext(out OwedMessage? first));
        Assert.True(outbox.TryTakeNext(out _));
        Assert.False(outbox.HasNext || outbox.TryTakeNext(out _));
        Assert.Equal("a", outbox.Acknowledge(first.PacketId, 1)!.Message.Topic);
        Assert.Null(outbox.Acknowledge(first.PacketId, 1));
        Assert.True(outbox.TryTakeNext(out OwedMessage? third));
        Assert.Equal("c", third.Message.Topic);
    }

    [Fact]
    public void What_was_not_acknowledged_is_sent_again_in_its_order_under_its_identifiers()
    {
        Outbox outbox = new(capacity: 10);
        foreach (string topic in new[] { "a", "b", "c" })
        {
            outbox.Add(Alarm(topic));
        }

        Assert.True(outbox.TryTakeNext(out OwedMessage? a));
        Assert.True(outbox.TryTakeNext(out OwedMessage? b));
        outbox.Resume();
        Assert.True(outbox.TryTakeNext(out OwedMessage? again));
        Assert.Equal((a.PacketId, true), (again.PacketId, again.IsDuplicate));
        Assert.True(outbox.TryTakeNext(out again));
        Assert.Equal((b.PacketId, true), (again.PacketId, again.IsDuplicate));
        Assert.True(outbox.TryTakeNext(out OwedMessage? fresh));
        Assert.Equal(("c", false), (fresh.Message.Topic, fresh.IsDuplicate));
    }

    [Fact]
    public void Packet_identifiers_come_round_without_0_and_without_those_in_use()
    {
        Outbox outbox = new(capacity: ushort.MaxValue);
        outbox.Add(Alarm("kept"));
        Assert.True(outbox.TryTakeNext(out OwedMessage? kept));
        HashSet<ushort> seen = [kept.PacketId];
        for (int i = 0; i < ushort.MaxValue - 1; i++)
        {
            outbox.Add(Alarm("t"));
            Assert.True(outbox.TryTakeNext(out OwedMessage? next));
            Assert.True(next.PacketId != 0 && seen.Add(next.PacketId));
            outbox.Acknowledge(next.PacketId, 1);
        }

        outbox.Add(Alarm("round"));
        Assert.True(outbox.TryTakeNext(out OwedMessage? again));
        Assert.NotEqual(kept.PacketId, again.PacketId);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_command_that_waits_can_be_taken_back_and_one_that_was_sent_cannot(byte qos)
    {
        Outbox outbox = new(capacity: 10);
        outbox.Add(Command("sent", qos));
        Assert.True(outbox.TryTakeNext(out OwedMessage? sent));
        outbox.Add(Alarm("first"));
        outbox.Add(Command("waits", qos));
        outbox.Add(Alarm("last"));
        Assert.False(outbox.TryRecall("sent"));
        Assert.True(outbox.TryRecall("waits"));
        Assert.True(outbox.TryRecall("never"));
        Assert.Equal(["first x", "last x"], Sent(outbox));
        outbox.Acknowledge(sent.PacketId, qos);
        Assert.False(outbox.TryRecall("sent"));
    }

    [Fact]
    public void A_command_that_waits_is_not_taken_twice_whatever_its_quality_of_service()
    {
        Outbox outbox = new(capacity: 10);
        foreach (byte qos in new byte[] { 0, 1 })
        {
            OutgoingMessage command = Alarm("c").Message with { CommandId = $"command-{qos}" };
            outbox.Add(new OwedMessage(command, qos, false, default));
            Assert.True(outbox.HasCommand($"command-{qos}"));
            Assert.True(outbox.TryRecall($"command-{qos}"));
            Assert.False(outbox.HasCommand($"command-{qos}"));
        }
    }

    [Fact]
    public void A_command_that_another_gateway_sent_is_sent_again_and_cannot_be_taken_back()
    {
        Outbox there = new(capacity: 10);
        OutgoingMessage command = Alarm("c").Message with { CommandId = "command-1" };
        there.Add(new OwedMessage(command, 1, false, default));
        Assert.Empty(there.SentCommands());
        Assert.True(there.TryTakeNext(out _));
        Assert.Equal(["command-1"], there.SentCommands());

        Outbox here = new(capacity: 10);
        here.NoteSent(there.SentCommands());
        Assert.False(here.HasCommand("command-1"));
        here.Add(new OwedMessage(command, 1, false, default));
        Assert.False(here.TryRecall("command-1"));
        Assert.Equal(["command-1"], here.SentCommands());
    }

    private static OwedMessage Command(string id, byte qos)
    {
        OwedMessage message = Message("command", id, qos, isConflated: false);
        return message with { Message = message.Message with { CommandId = id } };
    }

    private static IEnumerable<string> Sent(Outbox outbox)
    {
        while (outbox.TryTakeNext(out OwedMessage? delivery))
        {
            yield return $"{delivery.Message.Topic} {Encoding.UTF8.GetString(delivery.Message.Payload.Span)}";
        }
    }

    private static OwedMessage State(string topic, string payload) => Message(topic, payload, 0, isConflated: true);

    private static OwedMessage Alarm(string topic) => Message(topic, "x", 1, isConflated: false);

    private static OwedMessage Message(string topic, string payload, byte qos, bool isConflated) => new(
        new OutgoingMessage
        {
            Topic = topic,
            TopicUtf8 = Encoding.UTF8.GetBytes(topic),
            Payload = Encoding.UTF8.GetBytes(payload),
            Qos = qos,
            IsConflated = isConflated,
        },
        qos,
        false,
        default);
}
