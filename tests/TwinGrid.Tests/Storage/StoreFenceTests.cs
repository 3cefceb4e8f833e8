using TwinGrid.Tests.Hosting;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What is promised of every store.</summary>
public abstract class StoreFenceTests<THome> : IAsyncLifetime
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
    public async Task A_revision_is_committed_once()
    {
        ITwinStore store = await _home.OpenAsync();
        await store.Commit(Turn(Turbine, 1, "the winner"));

        IReadOnlyList<CommitOutcome> outcomes = await store.Commit(Turn(Turbine, 1, "the loser"));

        Assert.Equal([CommitOutcome.Fenced], outcomes);
        Assert.Equal(["the winner"], (await store.Load(Turbine)).Tail.Select(turn => turn.Inputs.Text()));
    }

    [Fact]
    public async Task A_fenced_turn_does_not_hold_back_the_others_of_its_group()
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId second = new("turbine", "t08");
        TwinId third = new("turbine", "t09");
        await store.Commit(Turn(second, 1));

        IReadOnlyList<CommitOutcome> outcomes = await store.Commit(Turn(Turbine, 1), Turn(second, 1), Turn(third, 1));

        Assert.Equal([CommitOutcome.Committed, CommitOutcome.Fenced, CommitOutcome.Committed], outcomes);
        Assert.Single((await store.Load(Turbine)).Tail);
        Assert.Single((await store.Load(third)).Tail);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_turn_that_leaves_a_gap_is_fenced(long revision)
    {
        ITwinStore store = await _home.OpenAsync();

        Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, revision)));
        Assert.Empty((await store.Load(Turbine)).Tail);
        Assert.Empty(await store.Due());

        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 1)));
        Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, 3)));
    }

    [Fact]
    public async Task Turns_and_snapshots_that_stand_on_a_fenced_turn_are_not_kept()
    {
        // The other activation made revision 1. This one made another revision 1 and built 2 on it: 2 follows the
        // head, and must be fenced all the same.
        ITwinStore store = await _home.OpenAsync();
        await store.Commit(Turn(Turbine, 1, "the winner"));

        IReadOnlyList<CommitOutcome> outcomes = await store.CommitAsync(
            [Turn(Turbine, 1, "the loser"), Turn(Turbine, 2, "on the loser")],
            [Snapshot(Turbine, 1, "of the loser")],
            CancellationToken.None);

        Assert.Equal([CommitOutcome.Fenced, CommitOutcome.Fenced], outcomes);
        StoredTwin twin = await store.Load(Turbine);
        Assert.Null(twin.Snapshot);
        Assert.Equal(["the winner"], twin.Tail.Select(turn => turn.Inputs.Text()));
    }

    [Fact]
    public async Task A_process_that_takes_over_fences_the_one_before_it()
    {
        ITwinStore zombie = await _home.OpenAsync();
        await zombie.Commit(Turn(Turbine, 1));
        ITwinStore successor = await _home.OpenAsync();

        IReadOnlyList<CommitOutcome> outcomes = await zombie.CommitAsync(
            [Turn(Turbine, 2), Turn(new TwinId("turbine", "t08"), 1)], [Snapshot(Turbine, 1)], CancellationToken.None);

        Assert.Equal([CommitOutcome.Fenced, CommitOutcome.Fenced], outcomes);
        Assert.Null((await successor.Load(Turbine)).Snapshot);
        Assert.Equal([CommitOutcome.Committed], await successor.Commit(Turn(Turbine, 2)));
        Assert.Equal([CommitOutcome.Fenced], await zombie.Commit(Turn(Turbine, 3)));
    }

    [Fact]
    public async Task A_fenced_process_erases_nothing_and_says_why()
    {
        ITwinStore zombie = await _home.OpenAsync();
        await zombie.Commit(Turn(Turbine, 1));
        ITwinStore successor = await _home.OpenAsync();

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(
            () => zombie.EraseAsync(Turbine, 2, CancellationToken.None));

        Assert.Contains(_home.Place, refused.Message, StringComparison.Ordinal);
        Assert.Single((await successor.Load(Turbine)).Tail);
    }

    [Fact]
    public async Task Two_processes_at_once_commit_each_revision_once()
    {
        ITwinStore first = await _home.OpenAsync();
        Task<int> racing = CommitFrom(first);
        ITwinStore second = await _home.OpenAsync();
        int bySecond = await CommitFrom(second);
        int byFirst = await racing;

        StoredTwin twin = await second.Load(Turbine);
        Assert.Equal(byFirst + bySecond, twin.Tail.Count);
        Assert.Equal(Enumerable.Range(1, twin.Tail.Count), twin.Tail.Select(turn => (int)turn.Revision));
    }

    // Commits as an activation would: from what it reads, until it is fenced or has made 50 turns.
    private static async Task<int> CommitFrom(ITwinStore store)
    {
        long revision = (await store.Load(Turbine)).Tail.Count;
        for (int committed = 0; committed < 50; committed++)
        {
            if (await CommitPatiently(store, Turn(Turbine, ++revision)) == CommitOutcome.Fenced)
            {
                return committed;
            }
        }

        return 50;
    }

    // As every caller does: whoever takes over ends the sessions of the one before, which may hit one twice.
    private static async Task<CommitOutcome> CommitPatiently(ITwinStore store, TwinTurn turn)
    {
        CommitOutcome outcome = default;
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                outcome = (await store.Commit(turn))[0];
                return true;
            }
            catch (TwinGridUnavailableException)
            {
                return false;
            }
        });
        return outcome;
    }
}
