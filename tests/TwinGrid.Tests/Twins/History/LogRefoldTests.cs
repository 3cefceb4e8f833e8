using Microsoft.Extensions.Time.Testing;
using TwinGrid.Tests.Storage;
using TwinGrid.Tests.Storage.PostgreSql;
using TwinGrid.Twins.History;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins.History;

public sealed class SqliteLogRefoldTests(TwoSiloGrid grid) : LogRefoldTests<SqliteHome>(grid);

public sealed class PostgreSqlLogRefoldTests(TwoSiloGrid grid) : LogRefoldTests<PostgreSqlHome>(grid);

/// <summary>What <c>verify --refold</c> says of logs, on every store that keeps history.</summary>
public abstract class LogRefoldTests<THome>(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>, IAsyncLifetime
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
    public async Task Every_stored_state_of_a_log_comes_out_bit_for_bit()
    {
        LivedTwin twin = await LiveAsync(seed: 7);

        (List<StoreDamage> found, LogRefold refold) = await RefoldAsync(twin);

        Assert.Empty(found);
        Assert.Equal((1, 0), (refold.Twins, refold.OtherFold));
        Assert.Equal(twin.States.Keys.Max(), refold.Turns);

        // A state before each part but the first, one after the last, and the newest snapshot where it is another.
        Assert.True(refold.States >= 3, $"{refold.States} states");
    }

    [Fact]
    public async Task A_snapshot_that_its_log_does_not_give_is_named_with_its_revision()
    {
        LivedTwin twin = await LiveAsync(seed: 7);
        long revision = twin.States.Keys.Max() + 1;
        ITwinStore store = await OpenAsync();
        TwinTurn last = await LastAsync(store, twin.Twin, revision - 1);
        await store.CommitAsync([last with { Revision = revision }], [], CancellationToken.None);

        // As a fold that forgot the turn would have it: the counters of the revision before it.
        StoredSnapshot untrue = new()
        {
            Twin = twin.Twin,
            Revision = revision,
            FoldVersion = TwinFold.Version,
            State = twin.States[revision - 1],
        };
        await store.CommitAsync([], [untrue], CancellationToken.None);

        StoreDamage found = Assert.Single((await RefoldAsync(twin)).Found);

        Assert.Equal((twin.Twin, revision), (found.Twin, found.Revision));
        Assert.Contains("do not give the state that is stored", found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_of_another_fold_is_not_judged_and_its_twin_is_counted()
    {
        LivedTwin twin = await LiveAsync(seed: 7);
        ITwinStore store = await OpenAsync();
        StoredTwin stored = await store.LoadAsync(twin.Twin, CancellationToken.None);
        long revision = twin.States.Keys.Max() + 1;
        TwinTurn last = await LastAsync(store, twin.Twin, revision - 1);
        TwinTurn older = last with { Revision = revision, FoldVersion = (byte)(TwinFold.Version - 1) };
        StoredSnapshot other = new()
        {
            Twin = twin.Twin,
            Revision = revision,
            FoldVersion = TwinFold.Version,
            State = twin.States[revision - 1],
        };
        await store.CommitAsync([older], [other], CancellationToken.None);
        Assert.True(stored.Snapshot is null || stored.Snapshot.Revision < revision);

        (List<StoreDamage> found, LogRefold refold) = await RefoldAsync(twin);

        Assert.Empty(found);
        Assert.Equal(1, refold.OtherFold);
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_to_its_end_is_named_and_the_other_twins_are_folded()
    {
        LivedTwin twin = await LiveAsync(seed: 7);
        ITwinStore store = await OpenAsync();
        await store.Commit(StoreDirectory.Turn(StoreDirectory.Turbine, 1, "no header of a turn"));

        (List<StoreDamage> found, LogRefold refold) = await RefoldAsync(twin);

        StoreDamage damage = Assert.Single(found);
        Assert.Equal((StoreDirectory.Turbine, 1L), (damage.Twin, damage.Revision));
        Assert.Contains("cannot be folded", damage.Problem, StringComparison.Ordinal);
        Assert.Equal(2, refold.Twins);
    }

    [Fact]
    public async Task One_twin_is_folded_where_it_is_named_and_an_unknown_one_is_told()
    {
        LivedTwin twin = await LiveAsync(seed: 7);
        ITwinStore store = await OpenAsync();
        await store.Commit(StoreDirectory.Turn(StoreDirectory.Turbine, 1, "no header of a turn"));

        (List<StoreDamage> found, LogRefold refold) = await RefoldAsync(twin, twin.Twin);

        Assert.Empty(found);
        Assert.Equal(1, refold.Twins);
        TwinGridException unknown = await Assert.ThrowsAsync<TwinGridException>(
            () => RefoldAsync(twin, new TwinId("turbine", "nobody")));
        Assert.Contains("turbine/nobody", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_was_opened_to_read_fences_nobody_and_writes_nothing()
    {
        ITwinStore open = await OpenAsync();
        await open.Commit(StoreDirectory.Turn(StoreDirectory.Turbine, 1));

        ITwinStore reads = _home.NotInitialized();
        await reads.OpenToReadAsync(CancellationToken.None);

        Assert.Equal(1, (await reads.ReadLogAsync(StoreDirectory.Turbine, CancellationToken.None))!.Head);
        Assert.Equal([CommitOutcome.Committed], await open.Commit(StoreDirectory.Turn(StoreDirectory.Turbine, 2)));
    }

    private async Task<LivedTwin> LiveAsync(int seed)
    {
        LivedTwin twin = new(await OpenAsync(), grid.Cluster.Client, $"refolded{typeof(THome).Name}", seed);
        await twin.LiveAsync(160);
        await twin.Sealer.SealAsync(twin.Twin, 1, 0, CancellationToken.None);
        return twin;
    }

    private Task<ITwinStore> OpenAsync() => _home.OpenAsync(
        new LimitOptions { HistoryKeep = TimeSpan.FromDays(3_650) },
        new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero)));

    private static async Task<TwinTurn> LastAsync(ITwinStore store, TwinId twin, long revision)
    {
        await foreach (TwinTurn turn in store.ReadTurnsAsync(twin, revision - 1, revision, CancellationToken.None))
        {
            return turn;
        }

        throw new InvalidOperationException($"{twin} has no revision {revision}");
    }

    private async Task<(List<StoreDamage> Found, LogRefold Refold)> RefoldAsync(LivedTwin twin, TwinId? only = null)
    {
        ITwinStore store = _home.NotInitialized();
        await store.OpenToReadAsync(CancellationToken.None);
        LogRefold refold = new(store, twin.Kinds);
        List<StoreDamage> found = [];
        await foreach (StoreDamage damage in refold.RunAsync(only, CancellationToken.None))
        {
            found.Add(damage);
        }

        return (found, refold);
    }
}
