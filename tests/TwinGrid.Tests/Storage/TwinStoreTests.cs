using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What is promised of every store.</summary>
public abstract class TwinStoreTests<THome> : IAsyncLifetime
    where THome : StoreHome, new()
{
    private readonly THome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _home.DisposeAsync();
    }

    [Fact]
    public async Task An_unknown_twin_has_neither_a_snapshot_nor_turns()
    {
        ITwinStore store = await _home.OpenAsync();

        StoredTwin twin = await store.Load(Turbine);

        Assert.Null(twin.Snapshot);
        Assert.Empty(twin.Tail);
    }

    [Fact]
    public async Task What_was_committed_is_there_after_a_restart()
    {
        byte[] every = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        TwinTurn first = Turn(Turbine, 1) with { Inputs = every, Time = -1, FoldVersion = 255 };
        TwinTurn empty = Turn(Turbine, 2) with { Inputs = Array.Empty<byte>() };
        await _home.WhileOpenAsync(async store =>
        {
            await store.Commit(first, empty);
        });

        ITwinStore again = await _home.OpenAsync();
        StoredTwin twin = await again.Load(Turbine);

        Assert.Null(twin.Snapshot);
        Assert.Equal([1L, 2L], twin.Tail.Select(turn => turn.Revision));
        Assert.Equal(every, twin.Tail[0].Inputs.ToArray());
        Assert.Equal(0, twin.Tail[1].Inputs.Length);
        Assert.Equal(first with { Inputs = default }, twin.Tail[0] with { Inputs = default });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    public async Task Who_refuses_a_group_for_good_says_that_nothing_of_it_was_kept(int twins)
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId[] group = [.. Enumerable.Range(0, twins).Select(i => new TwinId("pump", $"p{i:000}"))];
        await store.Commit([.. group.Select(twin => Turn(twin, 1))]);
        TwinTurn[] next = [.. group.Select(twin => Turn(twin, 2))];

        await _home.ExecuteAsync("ALTER TABLE turn RENAME TO elsewhere");
        await Assert.ThrowsAsync<TwinGridNotCommittedException>(() => store.Commit(next));
        await Assert.ThrowsAsync<TwinGridNotCommittedException>(() => store.Commit(next));
        await _home.ExecuteAsync("ALTER TABLE elsewhere RENAME TO turn");

        Assert.All(await store.Commit(next), outcome => Assert.Equal(CommitOutcome.Committed, outcome));
        Assert.Equal(2, (await store.Load(group[0])).Tail.Count);
    }

    [Fact]
    public async Task A_twin_is_its_newest_snapshot_and_the_turns_after_it_in_order()
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId other = new("turbine", "t08");
        for (int revision = 1; revision <= 5; revision++)
        {
            await store.Commit(Turn(Turbine, revision, $"in {revision}"), Turn(other, revision, "of another"));
        }

        await store.Commit(Snapshot(Turbine, 3, "at three", nextDue: 77));
        StoredTwin twin = await store.Load(Turbine);

        Assert.Equal("at three", twin.Snapshot!.State.Text());
        Assert.Equal(77, twin.Snapshot.NextDue);
        Assert.Equal(["in 4", "in 5"], twin.Tail.Select(turn => turn.Inputs.Text()));
        Assert.All(twin.Tail, turn => Assert.Equal(Turbine, turn.Twin));
    }

    [Fact]
    public async Task A_snapshot_of_the_same_group_follows_its_turns()
    {
        ITwinStore store = await _home.OpenAsync();

        await store.CommitAsync([Turn(Turbine, 1), Turn(Turbine, 2)], [Snapshot(Turbine, 2)], CancellationToken.None);
        StoredTwin twin = await store.Load(Turbine);

        Assert.Equal(2, twin.Snapshot!.Revision);
        Assert.Empty(twin.Tail);
    }

    [Fact]
    public async Task An_older_snapshot_does_not_replace_a_newer_one()
    {
        ITwinStore store = await _home.OpenAsync();
        await store.Commit(Turn(Turbine, 1), Turn(Turbine, 2), Turn(Turbine, 3));
        await store.Commit(Snapshot(Turbine, 3, "newer"));

        await store.Commit(Snapshot(Turbine, 2, "older"));
        await store.Commit(Snapshot(Turbine, 3, "again"));
        Assert.Equal("newer", (await store.Load(Turbine)).Snapshot!.State.Text());

        await store.Commit(Snapshot(Turbine, 3, "of a newer fold") with { FoldVersion = 2 });
        Assert.Equal("of a newer fold", (await store.Load(Turbine)).Snapshot!.State.Text());
    }

    [Fact]
    public async Task A_snapshot_of_a_revision_that_the_log_lacks_is_not_kept()
    {
        ITwinStore store = await _home.OpenAsync();
        await store.Commit(Turn(Turbine, 1));

        await store.Commit(Snapshot(Turbine, 2), Snapshot(new TwinId("turbine", "unheard"), 1));
        StoredTwin twin = await store.Load(Turbine);

        Assert.Null(twin.Snapshot);
        Assert.Single(twin.Tail);
    }

    [Fact]
    public async Task Due_are_twins_with_a_time_and_twins_with_turns_after_their_snapshot()
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId[] twins = Enumerable.Range(0, 2_500).Select(i => new TwinId("pump", $"p{i}")).ToArray();
        await store.CommitAsync([.. twins.Select(t => Turn(t, 1))], [.. twins.Select(t => Snapshot(t, 1))], default);
        Assert.Empty(await store.Due());

        TwinId waiting = new("valve", "waits");
        TwinId running = new("valve", "runs");
        TwinId bare = new("valve", "bare");
        await store.Commit(Turn(waiting, 1), Turn(running, 1), Turn(bare, 1));
        await store.Commit(Snapshot(waiting, 1, nextDue: 5), Snapshot(running, 1));
        await store.Commit(Turn(running, 2));
        Assert.Equal([bare, running, waiting], (await store.Due()).Order());

        await store.Commit(Turn(waiting, 2));
        await store.Commit(Snapshot(waiting, 2), Snapshot(running, 2), Snapshot(bare, 1));
        Assert.Empty(await store.Due());
    }

    [Fact]
    public async Task Due_twins_come_each_once_over_many_pages()
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId[] twins = Enumerable.Range(0, 3_000).Select(i => new TwinId("pump", $"p{i}")).ToArray();
        await store.Commit([.. twins.Select(t => Turn(t, 1))]);

        Assert.Equal(twins.Order(), (await store.Due()).Order());
    }

    [Fact]
    public async Task A_cancelled_commit_that_did_not_begin_keeps_nothing()
    {
        ITwinStore store = await _home.OpenAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.CommitAsync([Turn(Turbine, 1)], [], new CancellationToken(canceled: true)));

        Assert.Empty((await store.Load(Turbine)).Tail);
    }

    [Fact]
    public async Task Callers_from_many_threads_lose_nothing()
    {
        ITwinStore store = await _home.OpenAsync();

        await Parallel.ForAsync(0, 8, async (i, token) =>
        {
            TwinId twin = new("pump", $"p{i}");
            for (int revision = 1; revision <= 20; revision++)
            {
                Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(twin, revision)));
                Assert.Equal(revision, (await store.LoadAsync(twin, token)).Tail.Count);
            }
        });
    }

    [Fact]
    public async Task A_closed_store_says_so()
    {
        ITwinStore store = await _home.OpenAsync();
        await StoreHome.CloseAsync(store);
        await StoreHome.CloseAsync(store);

        ObjectDisposedException closed = await Assert.ThrowsAsync<ObjectDisposedException>(
            () => store.Commit(Turn(Turbine, 1)));
        Assert.Contains("the store is closed", closed.Message, StringComparison.Ordinal);
    }
}
