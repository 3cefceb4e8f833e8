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
