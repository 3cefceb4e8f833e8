using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.SealedHistory;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>How SQLite keeps history: in files beside the log's, in transactions of their own.</summary>
public sealed class SqliteHistoryTests : IDisposable
{
    private readonly StoreDirectory _directory = new();
    private readonly FakeTimeProvider _clock = new(UnixMicroseconds.ToDateTimeOffset(Start));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_a_crash_left_before_it_was_visible_is_never_seen_and_goes_with_the_next_part()
    {
        using StoreDirectory crashed = new();
        await using (SqliteTwinStore store = await OpenAsync())
        {
            await store.FillAsync(1, 300);
            List<TwinTurn> turns = await store.TurnsAsync(0, 300);
            await store.SealAsync(Part(turns, 1, 100, (Start, 1)), CancellationToken.None);

            // The log as it was before, the partitions as they are after: the moment between both transactions.
            Copy(_directory.Path, crashed.Path, withHistory: false);
            await store.SealAsync(Part(turns, 101, 200, (Start + Second, 2)), CancellationToken.None);
            Copy(_directory.Path, crashed.Path, withHistory: true);
        }

        await using SqliteTwinStore again = await crashed.OpenAsync(clock: _clock);
        Assert.Equal(100, (await again.ReadLogAsync(Turbine, CancellationToken.None))!.Sealed);
        Assert.Equal([1.0], await again.ValuesAsync());
        List<TwinTurn> all = await again.TurnsAsync(0, 300);
        Assert.Equal(300, all.Count);

        Assert.True(await again.SealAsync(Part(all, 101, 300, (Start + Second, 3)), CancellationToken.None));
        Assert.Equal([1.0, 3.0], await again.ValuesAsync());
        Assert.Equal(300, (await again.TurnsAsync(0, 300)).Count);
    }

    [Fact]
    public async Task Partitions_are_files_that_go_as_a_whole()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(
            new LimitOptions { HistoryKeep = TimeSpan.FromDays(30) }, _clock);
        await store.FillAsync(1, 300);
        await store.SealAsync(PartOfTwoClasses(await store.TurnsAsync(0, 300), 200), CancellationToken.None);
        Assert.Equal(2, Directory.GetFiles(_directory.HistoryPath, "*.db").Length);

        await store.DropExpiredAsync(Start + (3 * Day), CancellationToken.None);
        Assert.Single(Directory.GetFiles(_directory.HistoryPath, "*.db"));
        await store.DropExpiredAsync(Start + (32 * Day), CancellationToken.None);
        Assert.Empty(Directory.GetFiles(_directory.HistoryPath));
    }

    [Fact]
    public async Task A_partition_made_anew_under_the_name_of_one_that_was_dropped_is_read_by_who_read_that_one()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(
            new LimitOptions { HistoryKeep = TimeSpan.FromDays(30) }, _clock);
        await store.FillAsync(1, 300);
        List<TwinTurn> turns = await store.TurnsAsync(0, 300);
        await store.SealAsync(Part(turns, 1, 100, (Start, 1)), CancellationToken.None);
        string file = Assert.Single(Directory.GetFiles(_directory.HistoryPath, "*.db"));

        // As many at once as there are threads that read: each of them has it open.
        Assert.All(await ReadAtOnceAsync(store), values => Assert.Equal([1.0], values));
        await store.DropExpiredAsync(Start + (33 * Day), CancellationToken.None);
        await store.SealAsync(Part(turns, 101, 200, (Start, 2)), CancellationToken.None);

        Assert.Equal(file, Assert.Single(Directory.GetFiles(_directory.HistoryPath, "*.db")));
        Assert.All(await ReadAtOnceAsync(store), values => Assert.Equal([2.0], values));
        Assert.Equal(100, (await store.TurnsAsync(100, 200)).Count);
    }

    [Fact]
    public async Task Who_reads_while_partitions_are_dropped_and_made_anew_makes_none_and_fails_at_nothing()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(
            new LimitOptions { HistoryKeep = TimeSpan.FromDays(30) }, _clock);
        await store.FillAsync(1, 300);
        List<TwinTurn> turns = await store.TurnsAsync(0, 300);
        using CancellationTokenSource stop = new();
        Task reading = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.All(await ReadAtOnceAsync(store), values => Assert.InRange(values.Count, 0, 1));
            }
        });
        for (int revision = 1; revision <= 60; revision++)
        {
            await store.SealAsync(Part(turns, revision, revision, (Start, revision)), CancellationToken.None);
            await store.DropExpiredAsync(Start + (33 * Day), CancellationToken.None);
        }

        await stop.CancelAsync();
        await reading;
        Assert.Empty(Directory.GetFiles(_directory.HistoryPath));
    }

    [Fact]
    public async Task A_turn_that_is_sealed_while_its_time_is_asked_for_is_the_answer_all_the_same()
    {
        await using SqliteTwinStore store = await OpenAsync();
        await store.FillAsync(1, 300);
        List<TwinTurn> turns = await store.TurnsAsync(0, 300);
        using CancellationTokenSource stop = new();
        int asked = 2;
        Task[] asking = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                int revision = Volatile.Read(ref asked);
                Assert.Equal(revision, (await store.PastAsync(null, turns[revision - 1].Time)).Revision);
            }
        }))];
        for (int revision = 1; revision <= 200; revision++)
        {
            Volatile.Write(ref asked, revision);
            await store.SealAsync(Part(turns, revision, revision, (Start, revision)), CancellationToken.None);
        }

        await stop.CancelAsync();
        await Task.WhenAll(asking);
    }

    [Fact]
    public async Task What_is_erased_while_it_is_sealed_is_in_no_file()
    {
        await using SqliteTwinStore store = await OpenAsync();
        for (int i = 1; i <= 60; i++)
        {
            TwinId twin = new("turbine", $"t{i}");
            await store.Commit(Turn(twin, 1), Turn(twin, 2));
            await store.Commit(Snapshot(twin, 2));
            SealedTurns part = await store.PartAsync(twin, 1, 2, Start);
            Task sealedFirst = i % 2 == 0 ? store.SealAsync(part, CancellationToken.None) : Task.CompletedTask;
            await Task.WhenAll(
                sealedFirst,
                store.EraseAsync(twin, 3, CancellationToken.None),
                store.SealAsync(part, CancellationToken.None));
        }

        string file = Assert.Single(Directory.GetFiles(_directory.HistoryPath, "*.db"));
        Assert.Equal(0, Execute(file, "UPDATE turns SET turns = turns"));
        Assert.Equal(0, Execute(file, "UPDATE readings SET readings = readings"));
    }

    [Fact]
    public async Task Erasing_leaves_nothing_of_sealed_parts_in_any_file()
    {
        await using (SqliteTwinStore store = await OpenAsync())
        {
            for (int revision = 1; revision <= 300; revision++)
            {
                await store.Commit(Turn(Turbine, revision, $"heart rate {revision} of a patient"));
            }

            await store.Commit(Snapshot(Turbine, 300));
            await store.SealAsync(
                Part(await store.TurnsAsync(0, 300), 1, 299, (Start, 1)), CancellationToken.None);
            await store.EraseAsync(Turbine, 300, CancellationToken.None);
        }

        Assert.DoesNotContain(
            Directory.EnumerateFiles(_directory.Path, "*", SearchOption.AllDirectories),
            file => File.ReadAllText(file).Contains("heart rate 2", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("UPDATE turns SET turns = zeroblob(length(turns))", "log segment")]
    [InlineData("UPDATE turns SET last_time = last_time + 1", "log segment")]
    [InlineData("UPDATE readings SET readings = zeroblob(length(readings))", "history of power")]
    [InlineData("UPDATE twin SET key = 't08'", "missing")]
    public async Task Damage_of_a_partition_is_refused_by_name(string damage, string what)
    {
        await using SqliteTwinStore store = await OpenAsync();
        await store.FillAsync(1, 300);
        await store.SealAsync(
            Part(await store.TurnsAsync(0, 300), 1, 300, (Start, 1)), CancellationToken.None);
        string partition = Assert.Single(Directory.GetFiles(_directory.HistoryPath, "*.db"));
        using (SqliteConnection file = new($"Data Source={partition};Pooling=False"))
        {
            file.Open();
            using SqliteCommand command = file.CreateCommand();
#pragma warning disable CA2100 // The test writes it.
            command.CommandText = damage;
#pragma warning restore CA2100
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        TwinDamagedException refused = await Assert.ThrowsAsync<TwinDamagedException>(async () =>
        {
            await store.TurnsAsync(0, 300);
            await store.ValuesAsync();
        });
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
        Assert.Contains("turbine/t07", refused.Message, StringComparison.Ordinal);
    }

    private static Task<List<double>[]> ReadAtOnceAsync(SqliteTwinStore store) =>
        Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => store.ValuesAsync())));

    private Task<SqliteTwinStore> OpenAsync() => _directory.OpenAsync(clock: _clock);

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
