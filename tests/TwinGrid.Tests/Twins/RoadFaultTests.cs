namespace TwinGrid.Tests.Twins;

/// <summary>What a sender hears when the store fails or a silo stops: always something, once, and the truth.</summary>
public sealed class RoadFaultTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    [Fact]
    public async Task When_it_is_not_known_what_became_of_a_commit_all_that_waits_is_refused_and_nothing_overtakes()
    {
        TwinId id = grid.TwinOn(0, "unlucky");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        await SendBehindHeldAsync(sender, 50);
        grid.Store.FailHeld();
        await sender.AnsweredAsync();
        Assert.All(sender.All, message => Assert.Equal(1, message.Times));
        Assert.Equal(sender.All.Select(m => m.Number), sender.Told.Select(m => m.Number));

        // Number 2 may be committed or not. Its device sends it again, and would find 3 to 52 applied before it.
        Assert.All(sender.All.Skip(1), message => Assert.Equal(IngestStatus.Unavailable, message.Status));
        IngestResult again = await grid.Road(1).IngestAsync(id, TwoSiloGrid.Speed(2, seq: 2));
        Assert.Equal((IngestStatus.Accepted, 1, 0), (again.Status, again.Applied, again.Seen));
        TwinSnapshot twin = (await grid.Twin(id.Key).GetAsync())!;
        Assert.Equal((2L, 0L, 0L), (twin.Counters.Readings, twin.Counters.Late, twin.Counters.Duplicates));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task What_a_store_did_not_keep_is_sent_again_before_those_behind_it(int silo)
    {
        TwinId id = grid.TwinOn(silo, $"not-kept{silo}-");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        await SendBehindHeldAsync(sender, 50);
        grid.Store.RefuseHeld();
        await sender.AnsweredAsync();
        Assert.All(sender.All, message => Assert.Equal((1, IngestStatus.Accepted), (message.Times, message.Status)));
        Assert.Equal(sender.All.Select(m => m.Number), sender.Told.Select(m => m.Number));
        long[] revisions = [.. sender.All.Select(static message => message.Result.Result.Revision)];
        Assert.Equal(revisions.Order(), revisions);
        TwinSnapshot twin = (await grid.Twin(id.Key).GetAsync())!;
        Assert.Equal((52L, 0L, 0L), (twin.Counters.Readings, twin.Counters.Late, twin.Counters.Duplicates));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task What_a_store_never_keeps_is_tried_a_few_times_and_then_all_senders_hear(int silo)
    {
        TwinId id = grid.TwinOn(silo, $"never-kept{silo}-");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        int before = grid.Store.Refusals;
        grid.Store.Refused = id;
        try
        {
            for (int i = 0; i < 50; i++)
            {
                sender.Send();
            }

            await sender.AnsweredAsync();
        }
        finally
        {
            grid.Store.Refused = null;
        }

        Assert.All(sender.All, message => Assert.Equal(1, message.Times));
        Assert.All(sender.All.Skip(1), message => Assert.Equal(IngestStatus.Unavailable, message.Status));
        Assert.InRange(grid.Store.Refusals - before, 2, 20);
        Assert.Equal(IngestStatus.Accepted, (await sender.Send().Result).Status);
        Assert.Equal(2, (await grid.Twin(id.Key).GetAsync())!.Counters.Readings);
    }

    [Fact]
    public async Task When_another_activation_was_first_the_turn_is_sent_again_before_those_behind_it()
    {
        TwinId id = grid.TwinOn(0, "fenced");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        TwinTurn own = (await grid.Store.LoadAsync(id, CancellationToken.None)).Tail[0];
        await grid.Store.CommitAsync([own with { Revision = 2 }], [], CancellationToken.None);
        grid.Store.HoldCommits();
        sender.Send();
        await grid.Store.HeldAsync(id);
        for (int i = 0; i < 20; i++)
        {
            sender.Send();
        }

        grid.Store.LetCommit();
        await sender.AnsweredAsync();
        Assert.All(sender.All, message => Assert.Equal(1, message.Times));

        // Number 2 was in the turn that was fenced: nothing of it was kept, and nothing behind it overtakes it.
        Assert.All(sender.All, message => Assert.Equal(IngestStatus.Accepted, message.Status));
        long[] revisions = [.. sender.All.Select(static message => message.Result.Result.Revision)];
        Assert.Equal(3, revisions[1]);
        Assert.Equal(revisions.Order(), revisions);

        // The other activation's turn was number 1 once more.
        TwinSnapshot twin = (await grid.Twin(id.Key).GetAsync())!;
        Assert.Equal((23L, 0L, 1L), (twin.Counters.Readings, twin.Counters.Late, twin.Counters.Duplicates));
    }

    [Fact]
    public async Task While_the_store_is_away_calls_that_wait_at_one_twin_are_bounded()
    {
        TwinId id = grid.TwinOn(0, "asked");
        await new Sender(grid.Road(0), id).Send().Result;
        grid.Store.HoldCommits();
        ITwin twin = grid.Twin(id.Key);
        Task<CommandAnswer>[] commands =
            [.. Enumerable.Range(0, 1_001).Select(i => twin.SendAsync($"c{i}", "go", default, null, null))];
        Task<CommandAnswer> refused = await Task.WhenAny(commands).WaitAsync(TimeSpan.FromSeconds(20));
        TwinGridUnavailableException reason =
            await Assert.ThrowsAsync<TwinGridUnavailableException>(() => refused);
        Assert.Contains("1000 calls wait", reason.Message, StringComparison.Ordinal);
        grid.Store.LetCommit();
        await Task.WhenAll(commands.Where(command => command != refused));
    }

    [Fact]
    public Task While_a_twin_cannot_be_read_all_that_comes_is_refused_at_once_and_the_store_is_left_alone() =>
        grid.RefusesAllAsync("unread", 200, fail => grid.Store.LoadsFail = fail);

    [Fact]
    public async Task A_command_that_comes_while_its_twin_goes_is_refused_and_not_left_without_an_answer()
    {
        TwinId id = grid.TwinOn(0, "going");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        grid.Store.HoldCommits();
        sender.Send();
        await grid.Store.HeldAsync(id);
        Task<CommandAnswer> command = grid.Twin(id.Key).SendAsync("c1", "slow", RawJson.EmptyObject, null, null);

        // A reader gives up after a second; it came behind the command, which therefore waits in the inbox now.
        Assert.False((await grid.Twin(id.Key).GetAsync())!.Durable);
        grid.Store.FailHeld();
        Assert.Equal(CommandRefusal.Unavailable, (await command.WaitAsync(TimeSpan.FromSeconds(30))).Refusal);
        Assert.Equal(IngestStatus.Unavailable, (await sender.All[1].Result).Status);
    }

    [Fact]
    public async Task Who_waits_for_a_command_is_not_shown_an_answer_that_was_not_committed()
    {
        TwinId id = grid.TwinOn(0, "awaited");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        CommandAnswer sent =
            await grid.Twin(id.Key).SendAsync("w1", "slow", RawJson.EmptyObject, TimeSpan.FromMinutes(1), null);
        Assert.Equal(CommandRefusal.None, sent.Refusal);
        Task<CommandSnapshot?> waiting = grid.Twin(id.Key).WaitForCommandAsync("w1", TimeSpan.FromSeconds(15));

        // Calls of one client to one twin come in order: the wait has begun.
        await grid.Twin(id.Key).GetAsync();
        grid.Store.HoldCommits();
        Sender.Sent result = sender.Send(PackedInputs.Pack(
            InputKind.CommandResult,
            UnixMicroseconds.Now(TimeProvider.System),
            new CommandResultInput("w1", CommandStatus.Succeeded),
            TwinGridJson.Default.CommandResultInput));
        await grid.Store.HeldAsync(id);
        grid.Store.FailHeld();
        Assert.Equal(IngestStatus.Unavailable, (await result.Result).Status);

        // It is told at once to ask again, and is not kept until its wait is over.
        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(CommandStatus.Queued, (await grid.Twin(id.Key).GetCommandAsync("w1"))!.Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_silo_that_stops_tells_every_sender_once_and_keeps_what_it_acknowledged(int silos)
    {
        await using GridOf stopping = new(silos);
        await stopping.InitializeAsync();
        stopping.Store.CommitDelay = TimeSpan.FromMilliseconds(20);
        ITwinIngest road = stopping.Road(0);
        Sender[] senders = [.. Enumerable.Range(0, 20).Select(i => new Sender(road, new TwinId("fan", $"stop{i}")))];
        using CancellationTokenSource end = new();
        Task load = Task.WhenAll(senders.Select(sender => Task.Run(() =>
        {
            for (int i = 0; i < 2_000 && !end.IsCancellationRequested; i++)
            {
                sender.Send();
                Thread.Yield();
            }
        })));
        await Wait.UntilAsync(() => senders.Any(sender => sender.Told.Any()));
        await stopping.Cluster.StopSiloAsync(stopping.Cluster.Silos[0]);
        await end.CancelAsync();
        await load;
        foreach (Sender sender in senders)
        {
            sender.Send();
            await sender.AnsweredAsync();
            Assert.All(sender.All, message => Assert.Equal(1, message.Times));
        }

        foreach (Sender sender in senders)
        {
            // The state is the log's: what was accepted is in it, once.
            int accepted = sender.All.Count(message => message.Status == IngestStatus.Accepted);
            long logged = await Logged(stopping, sender.Address.Twin);
            Assert.InRange(logged, accepted, sender.All.Count);
        }
    }

    // One is under way to the store, the others wait behind it.
    private async Task SendBehindHeldAsync(Sender sender, int behind)
    {
        grid.Store.HoldCommits();
        sender.Send();
        await grid.Store.HeldAsync(sender.Address.Twin);
        for (int i = 0; i < behind; i++)
        {
            sender.Send();
        }
    }

    private static async Task<long> Logged(TwoSiloGrid grid, TwinId id)
    {
        StoredTwin stored = await grid.Store.LoadAsync(id, CancellationToken.None);
        long readings = 0;
        foreach (TwinTurn turn in stored.Tail)
        {
            InputReader inputs = new(turn.Inputs.Span[TwinGrid.Twins.State.TurnHeader.Size..]);
            while (inputs.Next())
            {
                readings += inputs.Kind == InputKind.Readings ? 1 : 0;
            }
        }

        if (stored.Snapshot is { } snapshot)
        {
            readings += TwinGrid.Twins.State.StateReader.Read(
                id,
                TwinGrid.Twins.Definitions.CompiledKind.Compile(
                    TwoSiloGrid.Definition,
                    1,
                    new Dictionary<string, PredictiveModelType>(),
                    new Dictionary<string, ControlPolicyType>()),
                snapshot.State).Counters.Readings;
        }

        return readings;
    }

    /// <summary>A grid of its own for a test that stops a silo.</summary>
    private sealed class GridOf(int silos) : TwoSiloGrid
    {
        protected override int SiloCount => silos;
    }
}
