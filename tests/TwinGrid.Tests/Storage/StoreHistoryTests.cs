using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

public sealed class StoreHistoryTests : IDisposable
{
    private const long Start = 1_790_000_000_000_000;
    private const long Second = UnixMicroseconds.PerSecond;
    private const long Day = 86_400 * Second;

    private readonly StoreDirectory _directory = new();
    private readonly FakeTimeProvider _clock = new(UnixMicroseconds.ToDateTimeOffset(Start));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Sealed_turns_are_read_as_they_were_and_single_turns_go_on_from_them()
    {
        await using SqliteTwinStore store = await OpenAsync();
        await FillAsync(store, 1, 700);
        List<TwinTurn> before = await TurnsAsync(store, 0, 700);

        Assert.True(await store.SealAsync(Part(before, 1, 400), CancellationToken.None));
        Assert.True(await store.SealAsync(Part(before, 401, 600), CancellationToken.None));

        List<TwinTurn> after = await TurnsAsync(store, 0, 700);
        Assert.Equal(before.Select(Text), after.Select(Text));
        Assert.Equal(before[249..650].Select(Text), (await TurnsAsync(store, 249, 650)).Select(Text));
        StoredLog log = (await store.ReadLogAsync(Turbine, CancellationToken.None))!;
        Assert.Equal((1, 600, 700), (log.Oldest, log.Sealed, log.Head));
        Assert.Equal("at 600", log.SealedState!.State.Text());
        Assert.Equal(700, (await store.Load(Turbine)).Snapshot!.Revision);
    }

    [Fact]
    public async Task A_part_that_does_not_follow_what_is_sealed_changes_nothing()
    {
        await using SqliteTwinStore store = await OpenAsync();
        await FillAsync(store, 1, 300);
        List<TwinTurn> turns = await TurnsAsync(store, 0, 300);
        Assert.True(await store.SealAsync(Part(turns, 1, 100, (Start, 1)), CancellationToken.None));

        Assert.False(await store.SealAsync(Part(turns, 1, 200, (Start, 2)), CancellationToken.None));
        Assert.False(await store.SealAsync(Part(turns, 102, 200, (Start, 3)), CancellationToken.None));

        Assert.Equal([1.0], await ValuesAsync(store));
        Assert.Equal(100, (await store.ReadLogAsync(Turbine, CancellationToken.None))!.Sealed);
    }

    [Fact]
    public async Task Sealed_turns_leave_the_log_in_its_order_and_what_is_not_sealed_stays()
    {
        await using SqliteTwinStore store = await OpenAsync();
        TwinId other = new("turbine", "t08");
        for (int revision = 1; revision <= 900; revision++)
        {
            await store.Commit(Turn(Turbine, revision), Turn(other, revision));
        }

        await store.Commit(Snapshot(Turbine, 900));
        List<TwinTurn> turns = await TurnsAsync(store, 0, 900);
        await store.SealAsync(Part(turns, 1, 800), CancellationToken.None);
        while (await store.ReclaimAsync(CancellationToken.None))
        {
            Assert.Equal(900, (await TurnsAsync(store, 0, 900)).Count);
        }

        Assert.Equal(100 + 900, CountTurns());
        Assert.Equal(900, (await store.Load(other)).Tail.Count);
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 901)));
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(other, 901)));
        Assert.Equal(901, (await TurnsAsync(store, 0, 901)).Count);
    }

    [Fact]
    public async Task What_a_crash_left_before_it_was_visible_is_never_seen_and_goes_with_the_next_part()
    {
        using StoreDirectory crashed = new();
        await using (SqliteTwinStore store = await OpenAsync())
        {
            await FillAsync(store, 1, 300);
            List<TwinTurn> turns = await TurnsAsync(store, 0, 300);
            await store.SealAsync(Part(turns, 1, 100, (Start, 1)), CancellationToken.None);

            // The log as it was before, the partitions as they are after: the moment between both transactions.
            Copy(_directory.Path, crashed.Path, withHistory: false);
            await store.SealAsync(Part(turns, 101, 200, (Start + Second, 2)), CancellationToken.None);
            Copy(_directory.Path, crashed.Path, withHistory: true);
        }

        await using SqliteTwinStore again = await crashed.OpenAsync(clock: _clock);
        Assert.Equal(100, (await again.ReadLogAsync(Turbine, CancellationToken.None))!.Sealed);
        Assert.Equal([1.0], await ValuesAsync(again));
        List<TwinTurn> all = await TurnsAsync(again, 0, 300);
        Assert.Equal(300, all.Count);

        Assert.True(await again.SealAsync(Part(all, 101, 300, (Start + Second, 3)), CancellationToken.None));
        Assert.Equal([1.0, 3.0], await ValuesAsync(again));
        Assert.Equal(300, (await TurnsAsync(again, 0, 300)).Count);
    }

    [Fact]
    public async Task A_moment_is_found_by_its_revision_and_by_its_time()
    {
        await using SqliteTwinStore store = await OpenAsync();
        await FillAsync(store, 1, 500);
        List<TwinTurn> turns = await TurnsAsync(store, 0, 500);
        await store.SealAsync(Part(turns, 1, 200), CancellationToken.None);
        await store.SealAsync(Part(turns, 201, 400), CancellationToken.None);

        Assert.Equal((150, null), await PastAsync(store, 150));
        Assert.Equal((200, null), await PastAsync(store, 200));
        Assert.Equal((201, 200), await PastAsync(store, 201));
        Assert.Equal((450, 400), await PastAsync(store, 450));
        Assert.Equal((500, 500), await PastAsync(store, 500));
        Assert.Equal((0, null), await PastAsync(store, 501));

        // Turn n was at 1,790,000,000,000,000 + n µs.
        Assert.Equal((150, null), await PastAsync(store, null, Start + 150));
        Assert.Equal((400, 200), await PastAsync(store, null, Start + 400));
        Assert.Equal((444, 400), await PastAsync(store, null, Start + 444));
        Assert.Equal((500, 500), await PastAsync(store, null, Start + Day));
        Assert.Equal((0, null), await PastAsync(store, null, Start));
        Assert.Null(await store.FindPastAsync(new TwinId("a", "b"), 1, 0, CancellationToken.None));
    }

    [Fact]
    public async Task Readings_come_in_blocks_by_time_also_where_a_clock_ran_ahead_for_days()
    {
        await using SqliteTwinStore store = await OpenAsync();
        await FillAsync(store, 1, 300);
        List<TwinTurn> turns = await TurnsAsync(store, 0, 300);
        await store.SealAsync(
            Part(turns, 1, 100, (Start, 1), (Start + (5 * Day), 5)), CancellationToken.None);
        _clock.Advance(TimeSpan.FromDays(3));
        await store.SealAsync(
            Part(turns, 101, 200, (Start - (9 * Day), -9), (Start + (3 * Day), 3)), CancellationToken.None);

        Assert.Equal([-9.0, 1, 3, 5], (await ValuesAsync(store)).Order());
        Assert.Contains(5.0, await ValuesAsync(store, Start + (4 * Day), Start + (6 * Day)));
        Assert.DoesNotContain(5.0, await ValuesAsync(store, Start - (10 * Day), Start - (8 * Day)));
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
    public async Task Partitions_go_as_files_when_their_newest_time_is_older_than_it_is_kept()
    {
        await using SqliteTwinStore store = await OpenAsync(new LimitOptions { HistoryKeep = TimeSpan.FromDays(30) });
        await FillAsync(store, 1, 300);
        List<TwinTurn> turns = await TurnsAsync(store, 0, 300);
        SealedTurns part = Part(turns, 1, 200, (Start, 1));
        await store.SealAsync(
            part with
            {
                Readings =
                [
                    .. part.Readings, new SealedReadings("vibration", 2 * Day, part.Readings[0].Readings),
                ],
            },
            CancellationToken.None);
        Assert.Equal(2, Directory.GetFiles(HistoryPath, "*.db").Length);

        // Two days are kept in partitions of a day, 30 in partitions of two.
        Assert.Equal(0, await store.DropExpiredAsync(Start + (2 * Day), CancellationToken.None));
        Assert.Equal(1, await store.DropExpiredAsync(Start + (3 * Day), CancellationToken.None));
        Assert.Empty(await ValuesAsync(store, telemetry: "vibration"));
        Assert.Equal([1.0], await ValuesAsync(store));

        Assert.Equal(1, await store.DropExpiredAsync(Start + (32 * Day), CancellationToken.None));
        Assert.Empty(Directory.GetFiles(HistoryPath));
        StoredLog log = (await store.ReadLogAsync(Turbine, CancellationToken.None))!;
        Assert.Equal(201, log.Oldest);
        Assert.Equal((201, 200), await PastAsync(store, 201));
        Assert.Equal((0, null), await PastAsync(store, 150));
    }

    [Fact]
    public async Task Erasing_takes_sealed_parts_and_their_readings_and_leaves_nothing_of_them_in_any_file()
    {
        await using (SqliteTwinStore store = await OpenAsync())
        {
            for (int revision = 1; revision <= 300; revision++)
            {
                await store.Commit(Turn(Turbine, revision, $"heart rate {revision} of a patient"));
            }

            await store.Commit(Snapshot(Turbine, 300));
            List<TwinTurn> turns = await TurnsAsync(store, 0, 300);
            await store.SealAsync(Part(turns, 1, 299, (Start, 1)), CancellationToken.None);

            await store.EraseAsync(Turbine, 300, CancellationToken.None);
            Assert.Empty(await ValuesAsync(store));
            Assert.Equal([300L], (await TurnsAsync(store, 299, 300)).Select(turn => turn.Revision));
            Assert.Equal((300, 300), await PastAsync(store, 300));
            Assert.Equal((0, null), await PastAsync(store, 299));
            StoredLog log = (await store.ReadLogAsync(Turbine, CancellationToken.None))!;
            Assert.Equal((300, 299), (log.Oldest, log.Sealed));
            Assert.Null(log.SealedState);

            Assert.True(await store.SealAsync(Part(
                await TurnsAsync(store, 299, 300), 300, 300, (Start, 4)), CancellationToken.None));
            Assert.Equal([4.0], await ValuesAsync(store));
        }

        Assert.DoesNotContain(
            Directory.EnumerateFiles(_directory.Path, "*", SearchOption.AllDirectories),
            file => File.ReadAllText(file).Contains("heart rate 2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Twins_with_enough_turns_are_found_and_slow_ones_after_their_time()
    {
        await using SqliteTwinStore store = await OpenAsync();
        TwinId slow = new("turbine", "slow");
        await FillAsync(store, 1, 300);
        await store.Commit(Turn(slow, 1));
        await store.Commit(Snapshot(slow, 1));
        List<TwinTurn> turns = await TurnsAsync(store, 0, 300);

        Assert.Equal([Turbine, slow], await UnsealedAsync(store, 300, Start));
        Assert.Equal([Turbine], await UnsealedAsync(store, 300, 0));
        await store.SealAsync(Part(turns, 1, 200), CancellationToken.None);
        Assert.Empty(await UnsealedAsync(store, 101, 0));
        Assert.Equal([Turbine], await UnsealedAsync(store, 100, 0));
        Assert.Equal([slow], await UnsealedAsync(store, 101, Start));
        Assert.Equal([Turbine, slow], await UnsealedAsync(store, 101, Start + 1));
    }

    [Theory]
    [InlineData("UPDATE turns SET turns = zeroblob(length(turns))", "log segment")]
    [InlineData("UPDATE turns SET last_time = last_time + 1", "log segment")]
    [InlineData("UPDATE readings SET readings = zeroblob(length(readings))", "history of power")]
    [InlineData("UPDATE twin SET key = 't08'", "missing")]
    public async Task Damage_of_a_partition_is_refused_by_name(string damage, string what)
    {
        await using SqliteTwinStore store = await OpenAsync();
        await FillAsync(store, 1, 300);
        await store.SealAsync(
            Part(await TurnsAsync(store, 0, 300), 1, 300, (Start, 1)), CancellationToken.None);
        string partition = Assert.Single(Directory.GetFiles(HistoryPath, "*.db"));
        using (SqliteConnection file = new($"Data Source={partition};Pooling=False"))
        {
            file.Open();
            using SqliteCommand command = file.CreateCommand();
#pragma warning disable CA2100 // The test writes it.
            command.CommandText = damage;
#pragma warning restore CA2100
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(async () =>
        {
            await TurnsAsync(store, 0, 300);
            await ValuesAsync(store);
        });
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
        Assert.Contains("turbine/t07", refused.Message, StringComparison.Ordinal);
    }

    private string HistoryPath => Path.Combine(_directory.Path, "twingrid-history");

    private Task<SqliteTwinStore> OpenAsync(LimitOptions? limits = null) => _directory.OpenAsync(limits, _clock);

    private static async Task FillAsync(SqliteTwinStore store, int from, int through)
    {
        await store.Commit([.. Enumerable.Range(from, through - from + 1).Select(r => Turn(Turbine, r, $"turn {r}"))]);
        await store.Commit(Snapshot(Turbine, through));
    }

    private static SealedTurns Part(
        List<TwinTurn> turns, int first, int last, params (long Time, double Value)[] power) => new()
        {
            Twin = Turbine,
            Turns = [.. turns.Where(turn => turn.Revision >= first && turn.Revision <= last)],
            End = Snapshot(Turbine, last, $"at {last}"),
            Readings = power.Length == 0
                ? []
                :
                [
                    new SealedReadings("power", 30 * Day, [.. power.Select(reading => new HistoryReading(
                        reading.Time, ReadingValue.Of(reading.Value), Quality.Good, ReadingFlags.None))]),
                ],
        };

    private static string Text(TwinTurn turn) =>
        $"{turn.Twin} {turn.Revision} {turn.Time} {turn.FoldVersion} {turn.Inputs.Text()}";

    private static async Task<List<TwinTurn>> TurnsAsync(SqliteTwinStore store, long after, long through)
    {
        List<TwinTurn> turns = [];
        await foreach (TwinTurn turn in store.ReadTurnsAsync(Turbine, after, through, CancellationToken.None))
        {
            turns.Add(turn);
        }

        return turns;
    }

    private static async Task<(long Revision, long? Base)> PastAsync(
        SqliteTwinStore store, long? revision, long time = 0)
    {
        StoredPast past = (await store.FindPastAsync(Turbine, revision, time, CancellationToken.None))!;
        return (past.Revision, past.Base?.Revision);
    }

    private static async Task<List<double>> ValuesAsync(
        SqliteTwinStore store, long from = long.MinValue, long to = long.MaxValue, string telemetry = "power")
    {
        List<double> values = [];
        StoredLog log = (await store.ReadLogAsync(Turbine, CancellationToken.None))!;
        await foreach (SealedBlock block in store.ReadSealedAsync(
            Turbine, telemetry, from, to, log.Sealed, CancellationToken.None))
        {
            values.AddRange(block.Unpack().Select(reading => reading.Value.Number));
        }

        return values;
    }

    private static async Task<List<TwinId>> UnsealedAsync(SqliteTwinStore store, int turns, long sealedBefore)
    {
        List<TwinId> twins = [];
        await foreach (TwinId twin in store.ReadUnsealedAsync(turns, sealedBefore, CancellationToken.None))
        {
            twins.Add(twin);
        }

        return twins;
    }

    private long CountTurns()
    {
        using SqliteConnection connection = new($"Data Source={_directory.File};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM turn";
        return (long)command.ExecuteScalar()!;
    }

    private static void Copy(string from, string to, bool withHistory)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories)
            .Where(file => file.Contains("history", StringComparison.Ordinal) == withHistory))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }
}
