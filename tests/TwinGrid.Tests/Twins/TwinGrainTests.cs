namespace TwinGrid.Tests.Twins;

public sealed class TwinGrainTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    [Fact]
    public async Task A_reading_is_committed_when_it_is_acknowledged_whichever_silo_it_came_to()
    {
        for (int i = 0; i < 20; i++)
        {
            TwinId id = new("fan", $"road{i}");
            IngestResult result = await grid.Road(i % 2).IngestAsync(id, TwoSiloGrid.Speed(i));
            Assert.Equal((IngestStatus.Accepted, 1L, 1), (result.Status, result.Revision, result.Applied));
            StoredTwin stored = await grid.Store.LoadAsync(id, CancellationToken.None);
            Assert.Equal(1, Assert.Single(stored.Tail).Revision);
        }
    }

    [Fact]
    public async Task Twins_are_spread_over_the_silos_by_their_shards()
    {
        for (int i = 0; i < 40; i++)
        {
            await grid.Road(0).IngestAsync(new TwinId("fan", $"spread{i}"), TwoSiloGrid.Speed(i));
        }

        // 40 fair coins: fewer than 8 on one side would come once in 20,000 runs, and the hash never changes.
        Assert.InRange(grid.ActiveOn(0), 8, int.MaxValue);
        Assert.InRange(grid.ActiveOn(1), 8, int.MaxValue);
    }

    [Fact]
    public async Task A_twin_that_was_put_away_comes_back_as_it_was()
    {
        TwinId id = new("fan", "put-away");
        for (int i = 1; i <= 300; i++)
        {
            await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(i, seq: i));
        }

        TwinSnapshot before = (await grid.Twin("put-away").GetAsync())!;
        await grid.Cluster.DeactivateAsync(grid.Twin("put-away"));
        TwinSnapshot after = (await grid.Twin("put-away").GetAsync())!;
        Assert.Equal(300, after.Revision);
        Assert.Equal(
            System.Text.Json.JsonSerializer.Serialize(before, TwinGridJson.Default.TwinSnapshot),
            System.Text.Json.JsonSerializer.Serialize(after, TwinGridJson.Default.TwinSnapshot));
        IngestResult again = await grid.Road(1).IngestAsync(id, TwoSiloGrid.Speed(7, seq: 300));
        Assert.Equal((0, 1), (again.Applied, again.Seen));
    }

    [Fact]
    public async Task Messages_that_come_at_once_share_turns_and_none_is_lost()
    {
        TwinId id = new("fan", "crowd");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(0, seq: 0));
        IngestResult[] results = await Task.WhenAll(Enumerable.Range(1, 500)
            .Select(i => grid.Road(i % 2).IngestAsync(id, TwoSiloGrid.Speed(i, seq: i))));
        Assert.All(results, result => Assert.Equal(IngestStatus.Accepted, result.Status));
        TwinSnapshot twin = (await grid.Twin("crowd").GetAsync())!;
        Assert.Equal(501, twin.Counters.Readings);
        Assert.Equal(0, twin.Counters.Duplicates);
        Assert.InRange(twin.Revision, 2, 400);
    }

    [Fact]
    public async Task Looking_does_not_create()
    {
        Assert.Null(await grid.Twin("never").GetAsync());
        Assert.Null(await grid.Twin("never").SummarizeAsync());
        TwinPage page = await Fleet().ListAsync("fan", null, 1000);
        Assert.DoesNotContain(page.Items, item => item.Id == "fan/never");
    }

    [Fact]
    public async Task A_command_for_a_twin_that_does_not_exist_is_refused()
    {
        CommandAnswer answer = await grid.Twin("nobody").SendAsync("id", "slow", RawJson.EmptyObject, null, null);
        Assert.Equal(CommandRefusal.UnknownTwin, answer.Refusal);
    }

    [Fact]
    public async Task Listings_are_in_order_of_ids_and_go_on_at_their_cursor()
    {
        foreach (string key in new[] { "c", "a", "d", "b", "e" })
        {
            await grid.Road(0).IngestAsync(new TwinId("listed", key), TwoSiloGrid.Speed(1));
        }

        TwinPage first = await Fleet().ListAsync("listed", null, 2);
        TwinPage second = await Fleet().ListAsync("listed", first.Cursor, 2);
        TwinPage third = await Fleet().ListAsync("listed", second.Cursor, 2);
        Assert.Equal(
            ["listed/a", "listed/b", "listed/c", "listed/d", "listed/e"],
            first.Items.Concat(second.Items).Concat(third.Items).Select(item => item.Id));
        Assert.Null(third.Cursor);
    }

    [Fact]
    public async Task A_deleted_twin_is_gone_and_begins_anew_with_its_next_reading()
    {
        TwinId id = new("fan", "mortal");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(150));
        Assert.True(await grid.Twin("mortal").DeleteAsync(eraseHistory: false));
        Assert.Null(await grid.Twin("mortal").GetAsync());
        Assert.False(await grid.Twin("mortal").DeleteAsync(eraseHistory: false));
        IngestResult reborn = await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(5));
        TwinSnapshot twin = (await grid.Twin("mortal").GetAsync())!;
        Assert.Equal(3, reborn.Revision);
        Assert.Equal(1, twin.Counters.Readings);
        Assert.Empty(twin.Alarms);
        Assert.Empty(twin.Commands);
    }

    [Fact]
    public async Task Alarms_and_commands_are_published_after_their_commit_and_only_once()
    {
        TwinId id = new("fan", "hot");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(150));
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(151));
        TwinSnapshot twin = (await grid.Twin("hot").GetAsync())!;
        TwinEffect[] effects = [.. grid.Published.Where(e => e.Twin == id)];
        TwinEffect command = Assert.Single(effects, e => e.Kind == EffectKind.Command);
        TwinEffect alarm = Assert.Single(effects, e => e.Kind == EffectKind.Alarm);
        Assert.Equal(twin.Commands[0].Id, command.Command!.Id);
        Assert.Equal(("fast", AlarmState.Active), (alarm.Name, alarm.Alarm!.State));
    }

    [Fact]
    public async Task A_waiting_caller_hears_of_the_commands_end()
    {
        TwinId id = new("fan", "told");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(1));
        CommandAnswer sent = await grid.Twin("told").SendAsync("c1", "slow", RawJson.EmptyObject, null, null);
        Task<CommandSnapshot?> waiting = grid.Twin("told").WaitForCommandAsync("c1", TimeSpan.FromSeconds(15));
        CommandResultInput result = new("c1", CommandStatus.Succeeded, Message: "done");
        await grid.Road(1).IngestAsync(id, PackedInputs.Pack(
            InputKind.CommandResult,
            UnixMicroseconds.Now(TimeProvider.System),
            result,
            TwinGridJson.Default.CommandResultInput));
        Assert.Equal(CommandRefusal.None, sent.Refusal);
        Assert.Equal((CommandStatus.Succeeded, "done"), ((await waiting)!.Status, (await waiting)!.Message));
    }

    [Fact]
    public async Task A_command_that_nobody_takes_expires_by_itself()
    {
        await grid.Road(0).IngestAsync(new TwinId("fan", "deaf"), TwoSiloGrid.Speed(1));
        await grid.Twin("deaf").SendAsync("c2", "slow", RawJson.EmptyObject, TimeSpan.FromMilliseconds(200), null);
        CommandSnapshot? ended = await grid.Twin("deaf").WaitForCommandAsync("c2", TimeSpan.FromSeconds(15));
        Assert.Equal(CommandStatus.Expired, ended!.Status);
    }

    [Fact]
    public async Task A_second_activation_that_committed_first_fences_this_one_whose_turn_comes_after_it()
    {
        TwinId id = new("fan", "double");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(1, seq: 1));
        TwinTurn foreign = (await grid.Store.LoadAsync(id, CancellationToken.None)).Tail[0] with
        {
            Revision = 2,
            Inputs = Turn(TwoSiloGrid.Speed(2, seq: 2)),
        };
        await grid.Store.CommitAsync([foreign], [], CancellationToken.None);

        // As revision 2 it is refused; once the other's turn is read it follows as revision 3, and is applied once.
        IngestResult fenced = await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(3, seq: 3));
        Assert.Equal((IngestStatus.Accepted, 3L, 1), (fenced.Status, fenced.Revision, fenced.Applied));
        TwinSnapshot twin = (await grid.Twin("double").GetAsync())!;
        Assert.Equal((3L, 3.0), (twin.Revision, twin.Telemetry["speed"].Value.Number));
        Assert.Equal((3L, 0L), (twin.Counters.Readings, twin.Counters.Duplicates));
    }

    [Fact]
    public async Task A_model_that_throws_loses_its_own_message_and_no_other()
    {
        TwinId id = new("fragile", "a");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(1, seq: 1));
        Task<IngestResult>[] crowd = [.. Enumerable.Range(2, 20)
            .Select(i => grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(i, seq: i)))];
        IngestResult[] results = await Task.WhenAll(crowd);
        Assert.Equal(IngestStatus.Failed, results[13 - 2].Status);
        Assert.All(results.Where((_, i) => i != 13 - 2), result => Assert.Equal(IngestStatus.Accepted, result.Status));
        IngestResult last = await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(22, seq: 22));
        TwinSnapshot twin = (await grid.Twin("a", "fragile").GetAsync())!;
        Assert.Equal((1, 22.0), (last.Applied, twin.Telemetry["speed"].Value.Number));
        Assert.Equal(21, twin.Counters.Readings);
    }

    [Fact]
    public async Task A_model_that_cannot_explain_itself_does_not_stop_its_twin()
    {
        TwinId id = new("fragile", "b");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(7));
        IngestResult next = await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(8));
        Assert.Equal(IngestStatus.Accepted, next.Status);
        Assert.Equal("fine", (await grid.Twin("b", "fragile").GetAsync())!.Predictions["fragile"].Why);
    }

    [Fact]
    public async Task The_end_of_a_session_does_not_bring_a_deleted_twin_back()
    {
        TwinId id = new("fan", "ghost");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(1));
        await grid.Twin("ghost").DeleteAsync(eraseHistory: false);
        IngestResult ended = await grid.Road(0).IngestAsync(id, PackedInputs.Pack(
            InputKind.Presence,
            UnixMicroseconds.Now(TimeProvider.System),
            new PresenceInput(false, "session"),
            TwinGridJson.Default.PresenceInput));
        Assert.Equal(IngestStatus.UnknownTwin, ended.Status);
        Assert.Null(await grid.Twin("ghost").GetAsync());
    }

    [Fact]
    public async Task A_busy_twin_answers_its_readers_with_what_is_committed()
    {
        TwinId id = new("fan", "busy");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(1, seq: 0));
        using CancellationTokenSource end = new();
        Task load = Task.WhenAll(Enumerable.Range(0, 8).Select(async lane =>
        {
            for (long seq = 1 + lane; !end.IsCancellationRequested; seq += 8)
            {
                await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(1, seq: seq));
            }
        }));
        for (int i = 0; i < 50; i++)
        {
            TwinSnapshot twin = (await grid.Twin("busy").GetAsync())!;
            StoredTwin stored = await grid.Store.LoadAsync(id, CancellationToken.None);
            Assert.True(twin.Durable);
            long committed = stored.Tail.Count > 0 ? stored.Tail[^1].Revision : stored.Snapshot!.Revision;
            Assert.InRange(twin.Revision, 1, committed);
        }

        await end.CancelAsync();
        await load;
    }

    private static byte[] Turn(byte[] inputs)
    {
        byte[] turn = new byte[TwinGrid.Twins.State.TurnHeader.Size + inputs.Length];
        new TwinGrid.Twins.State.TurnHeader
        {
            Mode = ControlMode.Act,
            DefinitionRevision = 1,
            LiveWindow = 60 * UnixMicroseconds.PerSecond,
            MaxNames = 512,
            MaxSources = 8,
        }.Write(turn);
        inputs.CopyTo(turn, TwinGrid.Twins.State.TurnHeader.Size);
        return turn;
    }

    private ITwinFleet Fleet() => grid.Cluster.Client.GetGrain<ITwinFleet>(TwinId.DefaultTenant);
}
