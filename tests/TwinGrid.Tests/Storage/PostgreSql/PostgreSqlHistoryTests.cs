using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using TwinGrid.Storage.PostgreSql;
using static TwinGrid.Tests.Storage.SealedHistory;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>How PostgreSQL keeps history: in tables beside the log, which silos of one cluster seal at once.</summary>
public sealed class PostgreSqlHistoryTests : IAsyncLifetime
{
    private const string PartitionsSql = """
        SELECT count(*) FROM pg_class c WHERE relnamespace = current_schema()::regnamespace AND relispartition
            AND relkind = 'r'
        """;

    private readonly PostgreSqlHome _home = new();
    private readonly FakeTimeProvider _clock = new(UnixMicroseconds.ToDateTimeOffset(Start));

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task A_commit_that_slept_since_before_its_revision_was_sealed_collides_and_does_not_fork_the_twin()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 299);

        // A silo's transaction has looked at the head, 299, and sleeps before it writes 300.
        await using NpgsqlConnection asleep = new($"{_home.ConnectionString};Pooling=false");
        await asleep.OpenAsync();
        await using NpgsqlTransaction begun = await asleep.BeginTransactionAsync();
        await using NpgsqlCommand looks = new(
            "SELECT 1 FROM silo_incarnation FOR SHARE; SELECT max(revision) FROM turn", asleep);
        await looks.ExecuteNonQueryAsync();

        await store.FillAsync(300, 310);
        Assert.True(await store.SealAsync(
            Part(await store.TurnsAsync(0, 310), 1, 310, (Start, 1)), CancellationToken.None));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.False(await store.ReclaimAsync(CancellationToken.None));

        await using NpgsqlCommand wakes = new("INSERT INTO turn VALUES (1, 300, 0, 0, 1, 1, 'stale')", asleep);
        PostgresException collides = await Assert.ThrowsAsync<PostgresException>(() => wakes.ExecuteNonQueryAsync());
        Assert.Equal(PostgresErrorCodes.UniqueViolation, collides.SqlState);
        await begun.RollbackAsync();

        await ReclaimNextAsync(store);
        Assert.False(await store.ReclaimAsync(CancellationToken.None));
        Assert.Equal(0, await _home.CountAsync("turn"));
        Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, 300, "stale")));
        Assert.Equal(310, (await store.TurnsAsync(0, 310)).Count);
    }

    [Fact]
    public async Task Sealed_turns_stay_in_the_log_for_a_minute_so_that_a_commit_in_doubt_finds_its_own()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 300);
        await store.SealAsync(Part(await store.TurnsAsync(0, 300), 1, 300), CancellationToken.None);

        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.False(await store.ReclaimAsync(CancellationToken.None));
        Assert.Equal(300, await _home.CountAsync("turn"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await ReclaimNextAsync(store);
        Assert.Equal(0, await _home.CountAsync("turn"));
        Assert.Equal(0, await _home.CountAsync("reclaim"));
    }

    [Fact]
    public async Task A_restored_dump_whose_numbers_of_transactions_are_ahead_is_reclaimed_too()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 300);
        await store.SealAsync(Part(await store.TurnsAsync(0, 300), 1, 300), CancellationToken.None);
        await _home.ExecuteAsync("UPDATE reclaim SET sealed_by = '9000000000000'");

        _clock.Advance(TimeSpan.FromMinutes(1));
        await ReclaimNextAsync(store);
        Assert.Equal(0, await _home.CountAsync("turn"));
    }

    [Fact]
    public async Task No_part_is_sealed_that_ends_after_the_newest_snapshot_because_recovery_begins_there()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 200);
        await store.Commit(Turn(Turbine, 201));

        Assert.False(await store.SealAsync(
            Part(await store.TurnsAsync(0, 201), 1, 201, (Start, 1)), CancellationToken.None));

        Assert.Empty(await store.ValuesAsync());
        Assert.Equal(0, await _home.CountAsync("history_turns"));
        Assert.Equal(201, (await store.TurnsAsync(0, 201)).Count);
    }

    [Fact]
    public async Task Silos_that_seal_the_same_parts_at_once_seal_each_once_while_others_commit_read_and_reclaim()
    {
        const int Last = 1_200;
        await using PostgreSqlTwinStore one = await _home.OpenAsync(Silo("one"), _clock);
        await using PostgreSqlTwinStore two = await _home.OpenAsync(Silo("two"), _clock);
        await one.FillAsync(1, Last);
        List<TwinTurn> turns = await one.TurnsAsync(0, Last);
        using CancellationTokenSource sealedAll = new();
        Task reading = ReadAsync(two, turns, sealedAll.Token);
        Task reclaiming = ReclaimAsync(one, sealedAll.Token);

        int[] won = await Task.WhenAll(SealAllAsync(one, turns), SealAllAsync(two, turns));
        await sealedAll.CancelAsync();
        await reading;
        await reclaiming;

        Assert.Equal(Last / 20, won.Sum());
        Assert.Equal(Last / 20, await _home.CountAsync("history_turns"));
        Assert.Equal(Enumerable.Range(1, Last / 20).Select(i => 20.0 * i), await one.ValuesAsync());
        Assert.Equal(turns.Select(Text), (await two.TurnsAsync(0, Last)).Select(Text));
        Assert.Equal(2, Convert.ToInt32(await _home.ReadAsync(PartitionsSql), null));
    }

    [Fact]
    public async Task A_partition_is_two_tables_which_are_dropped_and_not_emptied()
    {
        ITwinStore store = await _home.OpenAsync(
            new LimitOptions { HistoryKeep = TimeSpan.FromDays(30) }, _clock);
        await store.FillAsync(1, 300);
        await store.SealAsync(PartOfTwoClasses(await store.TurnsAsync(0, 300), 200), CancellationToken.None);
        Assert.Equal(4L, await _home.ReadAsync(PartitionsSql));

        Assert.Equal(1, await store.DropExpiredAsync(Start + (3 * Day), CancellationToken.None));
        Assert.Equal(2L, await _home.ReadAsync(PartitionsSql));
        Assert.Equal(1, await store.DropExpiredAsync(Start + (32 * Day), CancellationToken.None));
        Assert.Equal(0L, await _home.ReadAsync(PartitionsSql));
        Assert.Equal(0, await _home.CountAsync("history_partition"));

        // What comes later gets new ones.
        Assert.True(await store.SealAsync(
            Part(await store.TurnsAsync(200, 300), 201, 300, (Start, 7)), CancellationToken.None));
        Assert.Equal([7.0], await store.ValuesAsync());
        Assert.Equal(100, (await store.TurnsAsync(200, 300)).Count);
    }

    [Fact]
    public async Task Erasing_takes_sealed_turns_that_are_still_in_the_log_at_once()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 1_700);
        await store.SealAsync(Part(await store.TurnsAsync(0, 1_700), 1, 1_600), CancellationToken.None);

        await store.EraseAsync(Turbine, 1_601, CancellationToken.None);

        Assert.Equal(100, await _home.CountAsync("turn"));
        Assert.Equal(0, await _home.CountAsync("history_turns"));
        Assert.Equal(0, await _home.CountAsync("sealed"));
        Assert.Equal(1_700, (await store.Load(Turbine)).Snapshot!.Revision);
        Assert.Equal(100, (await store.TurnsAsync(1_600, 1_700)).Count);
    }

    [Theory]
    [InlineData("UPDATE history_turns SET turns = '\\x00'", "log segment")]
    [InlineData("UPDATE history_turns SET last_time = last_time + 1", "log segment")]
    [InlineData("UPDATE history_readings SET readings = '\\x00'", "history of power")]
    [InlineData("DELETE FROM history_turns", "missing")]
    public async Task Damage_of_a_partition_is_refused_by_name(string damage, string what)
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 300);
        await store.SealAsync(
            Part(await store.TurnsAsync(0, 300), 1, 300, (Start, 1)), CancellationToken.None);
        Assert.Equal(1, await _home.ExecuteAsync(damage));

        TwinDamagedException refused = await Assert.ThrowsAsync<TwinDamagedException>(async () =>
        {
            await store.TurnsAsync(0, 300);
            await store.ValuesAsync();
        });
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
        Assert.Contains("turbine/t07", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blocks_that_are_missing_are_told_and_not_left_out()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 300);
        List<TwinTurn> turns = await store.TurnsAsync(0, 300);
        await store.SealAsync(Part(turns, 1, 100, (Start, 1)), CancellationToken.None);
        await store.SealAsync(Part(turns, 101, 200, (Start + Second, 2)), CancellationToken.None);
        Assert.Equal([1.0, 2.0], await store.ValuesAsync());

        Assert.Equal(1, await _home.ExecuteAsync("DELETE FROM history_readings WHERE first_revision = 101"));

        TwinDamagedException refused = await Assert.ThrowsAsync<TwinDamagedException>(() => store.ValuesAsync());
        Assert.Contains("1 of 2 sealed blocks of readings of power", refused.Message, StringComparison.Ordinal);
    }

    // Transactions of other tests run on the same server: one that is older is waited for, as it should be.
    private static async Task ReclaimNextAsync(ITwinStore store)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!await store.ReclaimAsync(CancellationToken.None))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), "nothing was reclaimed");
            await Task.Delay(20);
        }
    }

    private static StoreOwner Silo(string name) => new("twingrid", name, IsAlone: false);

    // Seals the next twenty turns, or finds that the other silo did.
    private static async Task<int> SealAllAsync(PostgreSqlTwinStore store, List<TwinTurn> turns)
    {
        int won = 0;
        while ((await store.ReadLogAsync(Turbine, CancellationToken.None))!.Sealed is var sealedTo
            && sealedTo < turns.Count)
        {
            int first = (int)sealedTo + 1;
            SealedTurns part = Part(turns, first, first + 19, (Start + first, first + 19));
            won += await store.SealAsync(part, CancellationToken.None) ? 1 : 0;
        }

        return won;
    }

    private static async Task ReadAsync(ITwinStore store, List<TwinTurn> turns, CancellationToken stop)
    {
        do
        {
            Assert.Equal(turns.Select(Text), (await store.TurnsAsync(0, turns.Count)).Select(Text));
            Assert.Equal(turns.Count, (await store.Load(Turbine)).Snapshot!.Revision);
            Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, turns.Count, "stale")));
        }
        while (!stop.IsCancellationRequested);
    }

    private async Task ReclaimAsync(ITwinStore store, CancellationToken stop)
    {
        do
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            await store.ReclaimAsync(CancellationToken.None);
        }
        while (!stop.IsCancellationRequested);
    }
}
