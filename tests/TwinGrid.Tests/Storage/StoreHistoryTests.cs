using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using static TwinGrid.Tests.Storage.SealedHistory;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What is promised of every store that keeps history.</summary>
public abstract class StoreHistoryTests<THome> : IAsyncLifetime
    where THome : StoreHome, new()
{
    private readonly THome _home = new();
    private readonly FakeTimeProvider _clock = new(UnixMicroseconds.ToDateTimeOffset(Start));

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _home.DisposeAsync();
    }

    [Fact]
    public async Task Sealed_turns_are_read_as_they_were_and_single_turns_go_on_from_them()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 700);
        List<TwinTurn> before = await store.TurnsAsync(0, 700);

        Assert.True(await store.SealAsync(Part(before, 1, 400), CancellationToken.None));
        Assert.True(await store.SealAsync(Part(before, 401, 600), CancellationToken.None));

        List<TwinTurn> after = await store.TurnsAsync(0, 700);
        Assert.Equal(before.Select(Text), after.Select(Text));
        Assert.Equal(before[249..650].Select(Text), (await store.TurnsAsync(249, 650)).Select(Text));
        StoredLog log = (await store.ReadLogAsync(Turbine, CancellationToken.None))!;
        Assert.Equal((1, 600, 700), (log.Oldest, log.Sealed, log.Head));
        Assert.Equal("at 600", log.SealedState!.State.Text());
        Assert.Equal(700, (await store.Load(Turbine)).Snapshot!.Revision);
    }

    [Fact]
    public async Task A_part_that_does_not_follow_what_is_sealed_changes_nothing()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 300);
        List<TwinTurn> turns = await store.TurnsAsync(0, 300);
        Assert.True(await store.SealAsync(Part(turns, 1, 100, (Start, 1)), CancellationToken.None));

        Assert.False(await store.SealAsync(Part(turns, 1, 200, (Start, 2)), CancellationToken.None));
        Assert.False(await store.SealAsync(Part(turns, 102, 200, (Start, 3)), CancellationToken.None));

        Assert.Equal([1.0], await store.ValuesAsync());
        Assert.Equal(100, (await store.ReadLogAsync(Turbine, CancellationToken.None))!.Sealed);
    }

    [Fact]
    public async Task Sealed_turns_leave_the_log_in_its_order_and_what_is_not_sealed_stays()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        TwinId other = new("turbine", "t08");
        for (int revision = 1; revision <= 900; revision++)
        {
            await store.Commit(Turn(Turbine, revision), Turn(other, revision));
        }

        await store.Commit(Snapshot(Turbine, 900));
        List<TwinTurn> turns = await store.TurnsAsync(0, 900);
        await store.SealAsync(Part(turns, 1, 800), CancellationToken.None);
        _clock.Advance(TimeSpan.FromMinutes(1));

        // On PostgreSQL a transaction of another test that is older holds it up, as it should.
        Stopwatch watch = Stopwatch.StartNew();
        while (await store.ReclaimAsync(CancellationToken.None)
            || (await _home.CountAsync("turn") > 100 + 900 && watch.Elapsed < TimeSpan.FromSeconds(20)))
        {
            Assert.Equal(900, (await store.TurnsAsync(0, 900)).Count);
        }

        Assert.Equal(100 + 900, await _home.CountAsync("turn"));
        Assert.Equal(900, (await store.Load(other)).Tail.Count);
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 901)));
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(other, 901)));
        Assert.Equal(901, (await store.TurnsAsync(0, 901)).Count);
    }

    [Fact]
    public async Task A_moment_is_found_by_its_revision_and_by_its_time()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 500);
        List<TwinTurn> turns = await store.TurnsAsync(0, 500);
        await store.SealAsync(Part(turns, 1, 200), CancellationToken.None);
        await store.SealAsync(Part(turns, 201, 400), CancellationToken.None);

        Assert.Equal((150, null), await store.PastAsync(150));
        Assert.Equal((200, null), await store.PastAsync(200));
        Assert.Equal((201, 200), await store.PastAsync(201));
        Assert.Equal((450, 400), await store.PastAsync(450));
        Assert.Equal((500, 500), await store.PastAsync(500));
        Assert.Equal((0, null), await store.PastAsync(501));

        // Turn n was at 1,790,000,000,000,000 + n µs.
        Assert.Equal((150, null), await store.PastAsync(null, Start + 150));
        Assert.Equal((400, 200), await store.PastAsync(null, Start + 400));
        Assert.Equal((444, 400), await store.PastAsync(null, Start + 444));
        Assert.Equal((500, 500), await store.PastAsync(null, Start + Day));
        Assert.Equal((0, null), await store.PastAsync(null, Start));
        Assert.Null(await store.FindPastAsync(new TwinId("a", "b"), 1, 0, CancellationToken.None));
    }

    [Fact]
    public async Task Readings_come_in_blocks_by_time_also_where_a_clock_ran_ahead_for_days()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 300);
        List<TwinTurn> turns = await store.TurnsAsync(0, 300);
        await store.SealAsync(
            Part(turns, 1, 100, (Start, 1), (Start + (5 * Day), 5)), CancellationToken.None);
        _clock.Advance(TimeSpan.FromDays(3));
        await store.SealAsync(
            Part(turns, 101, 200, (Start - (9 * Day), -9), (Start + (3 * Day), 3)), CancellationToken.None);

        Assert.Equal([-9.0, 1, 3, 5], (await store.ValuesAsync()).Order());
        Assert.Contains(5.0, await store.ValuesAsync(Start + (4 * Day), Start + (6 * Day)));
        Assert.DoesNotContain(5.0, await store.ValuesAsync(Start - (10 * Day), Start - (8 * Day)));
        long last = long.MinValue;
        await foreach (SealedBlock block in store.ReadSealedAsync(
            Turbine, "power", long.MinValue, long.MaxValue, 300, CancellationToken.None))
        {
            Assert.InRange(block.First, last, long.MaxValue);
            last = block.First;
        }

        SealedTelemetry known = Assert.Single(await store.ReadTelemetryAsync(Turbine, CancellationToken.None));
        Assert.Equal(("power", Start - (9 * Day)), (known.Telemetry, known.Oldest));
    }

    [Fact]
    public async Task Twins_with_enough_turns_are_found_and_slow_ones_after_their_time()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        TwinId slow = new("turbine", "slow");
        await store.FillAsync(1, 300);
        await store.Commit(Turn(slow, 1));
        await store.Commit(Snapshot(slow, 1));
        List<TwinTurn> turns = await store.TurnsAsync(0, 300);

        Assert.Equal([Turbine, slow], await store.UnsealedAsync(300, Start));
        Assert.Equal([Turbine], await store.UnsealedAsync(300, 0));
        await store.SealAsync(Part(turns, 1, 200), CancellationToken.None);
        Assert.Empty(await store.UnsealedAsync(101, 0));
        Assert.Equal([Turbine], await store.UnsealedAsync(100, 0));
        Assert.Equal([slow], await store.UnsealedAsync(101, Start));
        Assert.Equal([Turbine, slow], await store.UnsealedAsync(101, Start + 1));
    }

    [Fact]
    public async Task Partitions_go_when_their_newest_time_is_older_than_it_is_kept()
    {
        ITwinStore store = await _home.OpenAsync(
            new LimitOptions { HistoryKeep = TimeSpan.FromDays(30) }, _clock);
        await store.FillAsync(1, 300);
        await store.SealAsync(PartOfTwoClasses(await store.TurnsAsync(0, 300), 200), CancellationToken.None);

        // Two days are kept in partitions of a day, 30 in partitions of two.
        Assert.Equal(0, await store.DropExpiredAsync(Start + (2 * Day), CancellationToken.None));
        Assert.Equal(1, await store.DropExpiredAsync(Start + (3 * Day), CancellationToken.None));
        Assert.Empty(await store.ValuesAsync(telemetry: "vibration"));
        Assert.Equal([1.0], await store.ValuesAsync());

        Assert.Equal(1, await store.DropExpiredAsync(Start + (32 * Day), CancellationToken.None));
        Assert.Empty(await store.ValuesAsync());
        StoredLog log = (await store.ReadLogAsync(Turbine, CancellationToken.None))!;
        Assert.Equal(201, log.Oldest);
        Assert.Equal((201, 200), await store.PastAsync(201));
        Assert.Equal((0, null), await store.PastAsync(150));
        Assert.Equal(0, await store.DropExpiredAsync(Start + (32 * Day), CancellationToken.None));
    }

    [Fact]
    public async Task Erasing_takes_sealed_parts_and_their_readings()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 300);
        List<TwinTurn> turns = await store.TurnsAsync(0, 300);
        for (int last = 1; last <= 298; last++)
        {
            await store.SealAsync(Part(turns, last, last, (Start + last, last)), CancellationToken.None);
        }

        await store.SealAsync(Part(turns, 299, 299), CancellationToken.None);
        await store.EraseAsync(Turbine, 300, CancellationToken.None);

        Assert.Empty(await store.ValuesAsync());
        Assert.Empty(await store.ReadTelemetryAsync(Turbine, CancellationToken.None));
        Assert.Equal([300L], (await store.TurnsAsync(299, 300)).Select(turn => turn.Revision));
        Assert.Equal(1, await _home.CountAsync("turn"));
        Assert.Equal((300, 300), await store.PastAsync(300));
        Assert.Equal((0, null), await store.PastAsync(299));
        StoredLog log = (await store.ReadLogAsync(Turbine, CancellationToken.None))!;
        Assert.Equal((300, 299), (log.Oldest, log.Sealed));
        Assert.Null(log.SealedState);

        Assert.True(await store.SealAsync(
            Part(await store.TurnsAsync(299, 300), 300, 300, (Start, 4)), CancellationToken.None));
        Assert.Equal([4.0], await store.ValuesAsync());
    }

    [Fact]
    public async Task A_turn_whose_revision_was_sealed_away_is_fenced_and_the_next_one_is_not()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        TwinId[] others = [.. Enumerable.Range(0, 300).Select(i => new TwinId("pump", $"p{i}"))];
        await store.FillAsync(1, 300);
        await store.SealAsync(Part(await store.TurnsAsync(0, 300), 1, 300), CancellationToken.None);
        _clock.Advance(TimeSpan.FromMinutes(1));
        while (await store.ReclaimAsync(CancellationToken.None))
        {
            Assert.Equal(300, (await store.TurnsAsync(0, 300)).Count);
        }

        foreach (int stale in new[] { 1, 150, 299, 300, 302 })
        {
            Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, stale, "stale")));
        }

        // Beside many others: that is another way into the log.
        IReadOnlyList<CommitOutcome> many = await store.Commit(
            [Turn(Turbine, 300, "stale"), .. others.Select(other => Turn(other, 1))]);
        Assert.Equal([0], many.Index().Where(one => one.Item == CommitOutcome.Fenced).Select(one => one.Index));
        Assert.Equal(300, (await store.Load(Turbine)).Snapshot!.Revision);
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 301, "next")));
        Assert.Equal(
            [.. Enumerable.Range(1, 300).Select(r => $"turn {r}"), "next"],
            (await store.TurnsAsync(0, 301)).Select(turn => turn.Inputs.Text()));
    }

    [Fact]
    public async Task Recovery_reads_no_turn_that_is_sealed_whatever_is_left_of_the_single_ones()
    {
        ITwinStore store = await _home.OpenAsync(clock: _clock);
        await store.FillAsync(1, 200);
        await store.Commit([.. Enumerable.Range(201, 20).Select(r => Turn(Turbine, r, $"turn {r}"))]);
        await store.SealAsync(Part(await store.TurnsAsync(0, 220), 1, 200), CancellationToken.None);
        await _home.ExecuteAsync("DELETE FROM turn WHERE revision <= 120");

        StoredTwin twin = await store.Load(Turbine);

        Assert.Equal(200, twin.Snapshot!.Revision);
        Assert.Equal(Enumerable.Range(201, 20), twin.Tail.Select(turn => (int)turn.Revision));
        Assert.Equal(220, (await store.TurnsAsync(0, 220)).Count);
        await store.Commit(Snapshot(Turbine, 220));
        await store.EraseAsync(Turbine, 150, CancellationToken.None);
        Assert.Equal(220, (await store.Load(Turbine)).Snapshot!.Revision);
    }
}
