namespace TwinGrid.Tests.Twins;

/// <summary>What a sender may count on from <see cref="ITwinIngest.Send"/> to the answer.</summary>
public sealed class RoadTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Messages_for_a_twin_that_is_not_active_yet_arrive_in_the_order_of_sending(int silo)
    {
        for (int i = 0; i < 10; i++)
        {
            TwinId id = grid.TwinOn(silo, $"waking{silo}-{i}-");
            Sender sender = new(grid.Road(0), id);
            for (int k = 0; k < 100; k++)
            {
                sender.Send();
            }

            await sender.AnsweredAsync();
            AssertToldOnceInOrder(sender);
            Assert.All(sender.All, message => Assert.Equal(IngestStatus.Accepted, message.Status));

            // Had one overtaken another, the one behind would be late and no live value.
            TwinSnapshot twin = (await grid.Twin(id.Key).GetAsync())!;
            Assert.Equal((100L, 0L, 0L), (twin.Counters.Readings, twin.Counters.Late, twin.Counters.Duplicates));
            Assert.Equal(100, twin.Telemetry["speed"].Count);
        }
    }

    [Fact]
    public async Task Messages_that_come_while_a_twin_opens_share_a_turn()
    {
        TwinId id = grid.TwinOn(0, "sharing");
        Sender sender = new(grid.Road(0), id);
        for (int i = 0; i < 100; i++)
        {
            sender.Send();
        }

        await sender.AnsweredAsync();
        Assert.InRange((await sender.All[^1].Result).Revision, 2, 20);
    }

    [Fact]
    public async Task A_twin_that_goes_again_and_again_loses_no_message_and_none_overtakes_another()
    {
        TwinId id = grid.TwinOn(0, "restless");
        Sender sender = new(grid.Road(0), id);
        for (int round = 0; round < 40; round++)
        {
            for (int i = 0; i < 50; i++)
            {
                sender.Send();
            }

            Task going = grid.Cluster.DeactivateAsync(grid.Twin(id.Key));
            for (int i = 0; i < 50; i++)
            {
                sender.Send();
            }

            await going;
        }

        await sender.AnsweredAsync();
        AssertToldOnceInOrder(sender);
        Assert.All(sender.All, message => Assert.Equal(IngestStatus.Accepted, message.Status));
        TwinSnapshot twin = (await grid.Twin(id.Key).GetAsync())!;
        Assert.Equal((4_000L, 0L, 0L), (twin.Counters.Readings, twin.Counters.Late, twin.Counters.Duplicates));
        Assert.Equal(4_000, twin.Telemetry["speed"].Count);
    }

    [Fact]
    public async Task Every_senders_messages_keep_their_order_beside_those_of_others()
    {
        TwinId id = grid.TwinOn(1, "shared");
        Sender[] senders = [.. Enumerable.Range(0, 4).Select(i => new Sender(grid.Road(i % 2), id))];
        await Task.WhenAll(senders.Select((sender, i) => Task.Run(() =>
        {
            for (int k = 0; k < 200; k++)
            {
                sender.Send(TwoSiloGrid.Speed(k, seq: k, name: $"speed{i}"));
            }
        })));
        foreach (Sender sender in senders)
        {
            await sender.AnsweredAsync();
            AssertToldOnceInOrder(sender);
        }

        // The numbers are one publisher's to the twin, so only the first of each is new; all are answered.
        Assert.All(senders, sender => Assert.All(
            sender.All, message => Assert.Equal(IngestStatus.Accepted, message.Status)));
    }

    [Fact]
    public async Task A_message_that_fails_its_model_is_refused_and_those_around_it_keep_their_order()
    {
        TwinId id = grid.TwinOn(0, "poisoned", "fragile");
        Sender sender = new(grid.Road(0), id);
        for (int i = 1; i <= 60; i++)
        {
            sender.Send(value: i % 20 == 13 ? 13 : 100 + i);
        }

        await sender.AnsweredAsync();
        Assert.All(sender.All, message => Assert.Equal(1, message.Times));
        Assert.Equal([13, 33, 53], sender.All.Where(m => m.Status == IngestStatus.Failed).Select(m => m.Number));
        Sender.Sent[] accepted = [.. sender.Told.Where(m => m.Status == IngestStatus.Accepted)];
        Assert.Equal(57, accepted.Length);
        Assert.Equal(accepted.OrderBy(m => m.Number), accepted);
        TwinSnapshot twin = (await grid.Twin(id.Key, "fragile").GetAsync())!;
        Assert.Equal((57L, 0L, 0L), (twin.Counters.Readings, twin.Counters.Late, twin.Counters.Duplicates));
    }

    [Fact]
    public async Task What_makes_no_twin_is_refused_and_what_came_right_behind_it_makes_one()
    {
        TwinId id = grid.TwinOn(0, "made-by-the-second");
        Sender sender = new(grid.Road(0), id);
        Sender.Sent gone = sender.Send(PackedInputs.Pack(
            InputKind.Presence,
            UnixMicroseconds.Now(TimeProvider.System),
            new PresenceInput(false, "session"),
            TwinGridJson.Default.PresenceInput));
        Sender.Sent reading = sender.Send();
        Assert.Equal(IngestStatus.UnknownTwin, (await gone.Result).Status);
        Assert.Equal((IngestStatus.Accepted, 1), ((await reading.Result).Status, (await reading.Result).Applied));
    }

    [Fact]
    public async Task A_sender_that_throws_when_it_is_told_keeps_nobody_from_hearing()
    {
        TwinId id = grid.TwinOn(0, "rude");
        Sender rude = new(grid.Road(0), id) { Throws = true };
        Sender polite = new(grid.Road(0), id);
        rude.Send();
        await rude.AnsweredAsync();
        for (int i = 0; i < 20; i++)
        {
            rude.Send();
            polite.Send(TwoSiloGrid.Speed(i, name: "other"));
        }

        await rude.AnsweredAsync();
        await polite.AnsweredAsync();
        Assert.All(rude.All.Concat(polite.All), message => Assert.Equal(1, message.Times));
        Assert.Equal(41, (await grid.Twin(id.Key).GetAsync())!.Counters.Readings);
    }

    [Fact]
    public async Task An_address_that_remembers_a_twin_that_has_gone_finds_the_next_activation()
    {
        TwinId id = grid.TwinOn(0, "found-again");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        await sender.Send().Result;
        object? first = sender.Address.Hint;
        Assert.NotNull(first);
        await grid.Cluster.DeactivateAsync(grid.Twin(id.Key));
        await sender.Send().Result;
        await sender.Send().Result;
        Assert.Equal(4, (await sender.All[3].Result).Revision);
        Assert.NotNull(sender.Address.Hint);
        Assert.NotSame(first, sender.Address.Hint);
    }

    private static void AssertToldOnceInOrder(Sender sender)
    {
        Assert.All(sender.All, message => Assert.Equal(1, message.Times));
        Assert.Equal(sender.All.Select(message => message.Number), sender.Told.Select(message => message.Number));
    }
}
