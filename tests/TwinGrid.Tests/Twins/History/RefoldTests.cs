using Microsoft.Extensions.Time.Testing;
using TwinGrid.Tests.Storage;
using TwinGrid.Tests.Storage.PostgreSql;
using TwinGrid.Twins.History;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins.History;

public sealed class SqliteRefoldTests(TwoSiloGrid grid) : RefoldTests<SqliteHome>(grid, seeds: 24);

public sealed class PostgreSqlRefoldTests(TwoSiloGrid grid) : RefoldTests<PostgreSqlHome>(grid, seeds: 5);

/// <summary>What is promised over every store that keeps history.</summary>
public abstract class RefoldTests<THome>(TwoSiloGrid grid, int seeds) : IClassFixture<TwoSiloGrid>
    where THome : StoreHome, new()
{
    [Fact]
    public async Task Every_revision_is_made_again_bit_for_bit_whatever_its_inputs_were()
    {
        for (int seed = 1; seed <= seeds; seed++)
        {
            await using THome home = new();
            await home.InitializeAsync();
            ITwinStore store = await OpenAsync(home);
            LivedTwin twin = new(store, grid.Cluster.Client, $"lived{seed}", seed);
            await twin.LiveAsync(240);
            await ShouldRefoldAsync(twin, seed);

            await twin.SnapshotAsync();
            (SealOutcome outcome, _) = await twin.Sealer.SealAsync(twin.Twin, 1, 0, CancellationToken.None);
            Assert.True(outcome != SealOutcome.Mismatch, $"seed {seed}");
            while (await store.ReclaimAsync(CancellationToken.None))
            {
                await ShouldRefoldAsync(twin, seed, every: 17);
            }

            await ShouldRefoldAsync(twin, seed);
        }
    }

    [Fact]
    public async Task A_time_gives_the_newest_revision_at_or_before_it()
    {
        await using THome home = new();
        await home.InitializeAsync();
        ITwinStore store = await OpenAsync(home);
        LivedTwin twin = new(store, grid.Cluster.Client, "timed", 99);
        await twin.LiveAsync(120);
        foreach ((long revision, long time) in twin.Times)
        {
            Assert.Equal(revision, (await twin.Book.RefoldAsync(twin.Twin, null, time))!.Value.State!.Revision);
            long before = (await twin.Book.RefoldAsync(twin.Twin, null, time - 1))!.Value.Past.Revision;
            Assert.Equal(revision - 1, before);
        }
    }

    [Fact]
    public async Task A_state_that_its_log_does_not_give_is_not_sealed_over()
    {
        await using THome home = new();
        await home.InitializeAsync();
        ITwinStore store = await OpenAsync(home);
        LivedTwin twin = new(store, grid.Cluster.Client, "untrue", 5);
        await twin.LiveAsync(40);
        long revision = twin.States.Keys.Max();
        StoredLog before = (await store.ReadLogAsync(twin.Twin, CancellationToken.None))!;

        // A newer snapshot of the same log that says otherwise: one bit of the last counter.
        byte[] other = [.. twin.States[revision]];
        other[^1] ^= 1;
        StoredSnapshot untrue = new()
        {
            Twin = twin.Twin,
            Revision = revision,
            FoldVersion = TwinFold.Version,
            State = other,
        };
        await store.CommitAsync([], [untrue], CancellationToken.None);
        StoredTwin stored = await store.LoadAsync(twin.Twin, CancellationToken.None);
        Assert.True(
            stored.Snapshot!.State.Span.SequenceEqual(other), "the newest revision had a snapshot: another seed");

        (SealOutcome outcome, _) = await twin.Sealer.SealAsync(twin.Twin, 1, 0, CancellationToken.None);
        Assert.Equal(SealOutcome.Mismatch, outcome);
        Assert.Equal(before.Sealed, (await store.ReadLogAsync(twin.Twin, CancellationToken.None))!.Sealed);
        await ShouldRefoldAsync(twin, 5, every: 3, butLast: true);
    }

    [Fact]
    public async Task A_log_that_an_older_fold_began_is_sealed_from_its_snapshots_and_compared_again_after_them()
    {
        await using THome home = new();
        await home.InitializeAsync();
        ITwinStore store = await OpenAsync(home);
        LivedTwin twin = new(store, grid.Cluster.Client, "upgraded", 7);
        await twin.LiveOlderAsync(30);
        long upgraded = twin.States.Keys.Max();

        // The older fold's state is what the next turns were folded on, though folding its turns again gives another.
        await twin.LiveAsync(60);
        await twin.SnapshotAsync();
        (SealOutcome outcome, _) = await twin.Sealer.SealAsync(twin.Twin, 1, 0, CancellationToken.None);
        Assert.NotEqual(SealOutcome.Mismatch, outcome);
        StoredLog log = (await store.ReadLogAsync(twin.Twin, CancellationToken.None))!;
        Assert.Equal((twin.States.Keys.Max(), TwinFold.Version), (log.Sealed, log.SealedState!.FoldVersion));
        Assert.True(log.Sealed > upgraded);

        await twin.LiveAsync(60);
        await twin.SnapshotAsync();
        Assert.NotEqual(
            SealOutcome.Mismatch, (await twin.Sealer.SealAsync(twin.Twin, 1, 0, CancellationToken.None)).Outcome);
    }

    [Fact]
    public async Task What_an_older_fold_made_is_not_held_against_this_one_and_what_this_one_made_is()
    {
        await using THome home = new();
        await home.InitializeAsync();
        ITwinStore store = await OpenAsync(home);
        foreach ((byte version, SealOutcome expected) in new[]
            { ((byte)(TwinFold.Version - 1), SealOutcome.Sealed), (TwinFold.Version, SealOutcome.Mismatch) })
        {
            LivedTwin twin = new(store, grid.Cluster.Client, $"judged{version}", 5);
            await twin.LiveAsync(40);
            long revision = twin.States.Keys.Max();
            byte[] other = [.. twin.States[revision]];
            other[^1] ^= 1;
            StoredSnapshot untrue = new()
            {
                Twin = twin.Twin,
                Revision = revision,
                FoldVersion = version,
                State = other,
            };
            await store.CommitAsync([], [untrue], CancellationToken.None);
            (SealOutcome outcome, _) = await twin.Sealer.SealAsync(twin.Twin, 1, 0, CancellationToken.None);
            Assert.Equal(expected, outcome);
        }
    }

    // Each look at the clock is a minute after the last: what was sealed is reclaimed at once.
    private static Task<ITwinStore> OpenAsync(THome home) => home.OpenAsync(
        new LimitOptions { HistoryKeep = TimeSpan.FromDays(3_650) },
        new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero))
        {
            AutoAdvanceAmount = TimeSpan.FromMinutes(1),
        });

    private static async Task ShouldRefoldAsync(LivedTwin twin, int seed, int every = 1, bool butLast = false)
    {
        long last = twin.States.Keys.Max() - (butLast ? 1 : 0);
        for (long revision = 1; revision <= last; revision += every)
        {
            (StoredPast past, TwinState? state) = (await twin.Book.RefoldAsync(twin.Twin, revision, 0))!.Value;
            Assert.True(past.Revision == revision && state is not null, $"seed {seed}: no revision {revision}");
            Assert.True(
                StateWriter.Write(state!).AsSpan().SequenceEqual(twin.States[revision]),
                $"seed {seed}: revision {revision} is another, from {past.Base?.Revision}");
        }
    }
}
