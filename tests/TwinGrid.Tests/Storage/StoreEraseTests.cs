using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What is promised of every store.</summary>
public abstract class StoreEraseTests<THome> : IAsyncLifetime
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
    public async Task Erasing_takes_the_turns_before_a_revision_and_no_others()
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId other = new("turbine", "t08");
        for (int revision = 1; revision <= 1_200; revision += 2)
        {
            await store.Commit(
                Turn(Turbine, revision), Turn(Turbine, revision + 1), Turn(other, revision), Turn(other, revision + 1));
        }

        await store.Commit(Snapshot(Turbine, 1_198));
        await store.EraseAsync(Turbine, 1_150, CancellationToken.None);
        StoredTwin twin = await store.Load(Turbine);

        Assert.Equal(1_198, twin.Snapshot!.Revision);
        Assert.Equal([1_199L, 1_200L], twin.Tail.Select(turn => turn.Revision));
        Assert.Equal(1_200, (await store.Load(other)).Tail.Count);
        Assert.Equal(51 + 1_200, await _home.CountAsync("turn"));
    }

    [Fact]
    public async Task Erasing_takes_a_snapshot_that_the_rest_cannot_continue()
    {
        ITwinStore store = await _home.OpenAsync();
        await store.Commit(Turn(Turbine, 1), Turn(Turbine, 2), Turn(Turbine, 3), Turn(Turbine, 4, "deleted"));
        await store.Commit(Snapshot(Turbine, 2, "what was", nextDue: 9));

        await store.EraseAsync(Turbine, 4, CancellationToken.None);
        StoredTwin twin = await store.Load(Turbine);

        Assert.Null(twin.Snapshot);
        Assert.Equal(["deleted"], twin.Tail.Select(turn => turn.Inputs.Text()));
        Assert.Equal([Turbine], await store.Due());
    }

    [Fact]
    public async Task An_erased_twin_goes_on_with_its_next_revision()
    {
        ITwinStore store = await _home.OpenAsync();
        await store.Commit(Turn(Turbine, 1), Turn(Turbine, 2));
        await store.EraseAsync(Turbine, long.MaxValue, CancellationToken.None);
        Assert.Empty((await store.Load(Turbine)).Tail);

        // The rows of erased turns may be given to others: nothing of them may come back.
        await store.Commit(Turn(new TwinId("turbine", "t08"), 1), Turn(new TwinId("turbine", "t09"), 1));
        Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, 1)));
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 3, "anew")));

        Assert.Equal(["anew"], (await store.Load(Turbine)).Tail.Select(turn => turn.Inputs.Text()));
    }

    [Fact]
    public async Task Erasing_twice_or_an_unknown_twin_changes_nothing()
    {
        ITwinStore store = await _home.OpenAsync();
        await store.Commit(Turn(Turbine, 1), Turn(Turbine, 2), Turn(Turbine, 3));

        await store.EraseAsync(Turbine, 3, CancellationToken.None);
        await store.EraseAsync(Turbine, 2, CancellationToken.None);
        await store.EraseAsync(new TwinId("turbine", "unheard"), 3, CancellationToken.None);

        Assert.Equal([3L], (await store.Load(Turbine)).Tail.Select(turn => turn.Revision));
    }
}
