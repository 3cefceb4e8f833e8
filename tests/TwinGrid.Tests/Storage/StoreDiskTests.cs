using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What the store asks of the disk and does when the disk fails: strace watches and disturbs it.</summary>
public sealed partial class StoreDiskTests : IDisposable
{
    private readonly StoreDirectory _directory = new();
    private readonly WriterClock _clock = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_commit_answers_after_the_log_is_synced()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        await store.Commit(Turn(Turbine, 1));
        string trace = Path.Combine(_directory.Path, "trace");
        List<(double Begin, double End)> commits = [];
        using (await Strace.AttachAsync(_clock.Writer, "-y", "-ttt", "-T", "-e", "trace=fsync,fdatasync", "-o", trace))
        {
            for (int revision = 2; revision <= 6; revision++)
            {
                double begin = Now();
                await store.Commit(Turn(Turbine, revision));
                commits.Add((begin, Now()));
            }
        }

        List<(double Begin, double End)> syncs = [.. ReadSyncs(trace)];
        Assert.All(commits, commit => Assert.Contains(
            syncs, sync => sync.Begin >= commit.Begin && sync.End <= commit.End));
    }

    [Fact]
    public async Task After_a_failed_sync_nothing_more_is_written()
    {
        List<TwinGridException> told = [];
        await using (SqliteTwinStore store = await _directory.OpenAsync(clock: _clock, broken: told.Add))
        {
            await store.Commit(Turn(Turbine, 1));
            using (await Strace.FailAsync(_clock.Writer, "fsync,fdatasync", "EIO"))
            {
                TwinGridException failed = await Assert.ThrowsAsync<TwinGridException>(
                    () => store.Commit(Turn(Turbine, 2)));
                Assert.Contains("check the disk", failed.Message, StringComparison.Ordinal);
                Assert.Same(failed, Assert.Single(told));
            }

            // The disk says yes again, and is not believed.
            await Assert.ThrowsAsync<TwinGridException>(() => store.Commit(Turn(Turbine, 2)));
            Assert.Single((await store.Load(Turbine)).Tail);
            Assert.Single(told);
        }

        await using SqliteTwinStore again = await _directory.OpenAsync();
        Assert.Equal([CommitOutcome.Committed], await again.Commit(Turn(Turbine, 2)));
    }

    [Fact]
    public async Task A_full_disk_refuses_writes_answers_reads_and_recovers_by_itself()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        await store.Commit(Turn(Turbine, 1));
        using (await Strace.FailAsync(_clock.Writer, "pwrite64", "ENOSPC"))
        {
            TwinGridUnavailableException full = await Assert.ThrowsAsync<TwinGridUnavailableException>(
                () => store.Commit(Turn(Turbine, 2), Turn(new TwinId("turbine", "t08"), 1)));
            Assert.Contains("the disk is full", full.Message, StringComparison.Ordinal);
            Assert.Single((await store.Load(Turbine)).Tail);
        }

        // The id that the lost transaction gave to t08 is not remembered.
        Assert.Equal(
            [CommitOutcome.Committed, CommitOutcome.Committed],
            await store.Commit(Turn(new TwinId("turbine", "t08"), 1), Turn(Turbine, 2)));
        Assert.Equal(2, (await store.Load(Turbine)).Tail.Count);
        Assert.Single((await store.Load(new TwinId("turbine", "t08"))).Tail);
    }

    [Fact]
    public async Task A_log_whose_index_finds_no_room_to_grow_is_a_full_disk()
    {
        // https://sqlite.org/walformat.html section 2.2: the index grows after 4,062 pages of the log, 16 MiB.
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        TwinTurn large = Turn(Turbine, 1, new string('x', 18 << 20));
        using (await Strace.FailAsync(_clock.Writer, "pwrite64", "ENOSPC", only: _directory.File + "-shm"))
        {
            TwinGridUnavailableException full = await Assert.ThrowsAsync<TwinGridUnavailableException>(
                () => store.Commit(large));
            Assert.Contains("the disk is full", full.Message, StringComparison.Ordinal);
        }

        Assert.Equal([CommitOutcome.Committed], await store.Commit(large));
    }

    [Fact]
    public async Task A_store_whose_log_could_not_be_emptied_waits_for_a_lock_as_ever()
    {
        using StoreDirectory crashed = await CrashAsync();
        Strace? full = null;
        _clock.TimeAsked = () => full ??= Strace
            .FailAsync(_clock.Writer, "pwrite64", "ENOSPC", only: crashed.File).GetAwaiter().GetResult();
        await using SqliteTwinStore store = await crashed.OpenAsync(clock: _clock);
        full!.Dispose();
        using SqliteConnection other = new($"Data Source={crashed.File};Pooling=False");
        other.Open();
        using SqliteTransaction held = other.BeginTransaction(deferred: false);

        Task<IReadOnlyList<CommitOutcome>> commit = store.Commit(Turn(Turbine, 2));
        await Task.WhenAny(commit, Task.Delay(TimeSpan.FromMilliseconds(500)));
        held.Rollback();

        Assert.Equal([CommitOutcome.Committed], await commit);
    }

    [Fact]
    public async Task On_a_full_disk_what_is_older_than_it_is_kept_gives_its_room_back()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        await store.FillAsync(1, 300);
        await store.SealAsync(
            SealedHistory.PartOfTwoClasses(await store.TurnsAsync(0, 300), 200), CancellationToken.None);
        Assert.Equal(2, Directory.GetFiles(_directory.HistoryPath, "*.db").Length);
        _clock.Advance(TimeSpan.FromDays(33));
        long now = UnixMicroseconds.Now(_clock);
        using (await Strace.FailAsync(_clock.Writer, "pwrite64", "ENOSPC"))
        {
            Assert.Equal(2, await store.DropExpiredAsync(now, CancellationToken.None));
            Assert.Empty(Directory.GetFiles(_directory.HistoryPath));
            Assert.Empty(await store.ValuesAsync());
        }

        // The list follows when there is room: what is sealed under these names again is a second life of theirs.
        Assert.Equal(0, await store.DropExpiredAsync(now, CancellationToken.None));
        Assert.Equal(2, _directory.Execute("UPDATE history_file SET life = 2 WHERE life = 2"));
    }

    [Fact]
    public async Task After_a_failed_sync_of_a_history_file_nothing_more_is_sealed()
    {
        List<TwinGridException> told = [];
        SqliteDatabase database = new(_directory.Path, null, told.Add);
        int thread = 0;
        using DatabaseThreads<HistoryWriter> sealer = OpenSealer(database, id => thread = id);
        Task<AppendedPart> AppendAsync(int revision, long now) => sealer.RunAsync(
            writer => writer.Append(
                SealedHistory.Part([Turn(Turbine, revision)], revision, revision, (now, 1)),
                null,
                30 * SealedHistory.Day,
                now,
                clean: false),
            CancellationToken.None);
        await AppendAsync(1, SealedHistory.Start);
        using (await Strace.FailAsync(thread, "fsync,fdatasync", "EIO"))
        {
            TwinGridException failed = await Assert.ThrowsAsync<TwinGridException>(
                () => AppendAsync(2, SealedHistory.Start));
            Assert.Contains("check the disk", failed.Message, StringComparison.Ordinal);
            Assert.Same(failed, Assert.Single(told));
        }

        // The disk says yes again, and is not believed: for this file, for another, and to erase from one that is not
        // listed, of which damage is passed over.
        await Assert.ThrowsAsync<TwinGridException>(() => AppendAsync(2, SealedHistory.Start));
        await Assert.ThrowsAsync<TwinGridException>(
            () => AppendAsync(2, SealedHistory.Start + (10 * SealedHistory.Day)));
        await Assert.ThrowsAsync<TwinGridException>(
            () => sealer.RunAsync(writer => writer.Erase(Turbine, 9, []), CancellationToken.None));
        Assert.Single(told);
    }

    [Fact]
    public async Task A_failed_sync_of_an_unlisted_history_file_is_not_passed_over()
    {
        List<TwinGridException> told = [];
        SqliteDatabase database = new(_directory.Path, null, told.Add);
        int thread = 0;
        using DatabaseThreads<HistoryWriter> sealer = OpenSealer(database, id => thread = id);
        await sealer.RunAsync(
            writer => writer.Append(
                SealedHistory.Part([Turn(Turbine, 1)], 1, 1, (SealedHistory.Start, 1)),
                null,
                30 * SealedHistory.Day,
                SealedHistory.Start,
                clean: false),
            CancellationToken.None);
        using Strace failing = await Strace.FailAsync(thread, "fsync,fdatasync", "EIO");

        await Assert.ThrowsAsync<TwinGridException>(
            () => sealer.RunAsync(writer => writer.Erase(Turbine, 9, []), CancellationToken.None));

        Assert.Single(told);
    }

    [Fact]
    public async Task A_start_that_cannot_sync_what_a_crash_left_of_history_is_refused()
    {
        using StoreDirectory crashed = await CrashAsync();
        List<TwinGridException> told = [];
        SqliteDatabase database = new(crashed.Path, null, told.Add);
        int thread = 0;
        using DatabaseThreads<HistoryWriter> sealer = OpenSealer(database, id => thread = id);
        Task<int> RecoverAsync() => sealer.RunAsync(
            _ => HistoryRecovery.Run(
                database, new HistoryFiles(database.HistoryDirectory), NullLogger<SqliteTwinStore>.Instance),
            CancellationToken.None);
        await sealer.RunAsync(_ => true, CancellationToken.None);
        using (await Strace.FailAsync(thread, "fsync,fdatasync", "EIO"))
        {
            TwinGridException failed = await Assert.ThrowsAsync<TwinGridException>(RecoverAsync);
            Assert.Same(failed, Assert.Single(told));
        }

        Assert.Equal(1, await RecoverAsync());
    }

    private static DatabaseThreads<HistoryWriter> OpenSealer(SqliteDatabase database, Action<int> opened) => new(
        "sealer",
        1,
        () =>
        {
            opened(Strace.Thread());
            return new HistoryWriter(database, new HistoryFiles(database.HistoryDirectory), NullLogger.Instance);
        });

    // A turn in the log of the log, and one in the log of a history file.
    private async Task<StoreDirectory> CrashAsync()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        await store.FillAsync(1, 1);
        await store.SealAsync(Turbine, 1, 1, SealedHistory.Start);
        StoreDirectory crashed = _directory.Crash();
        Directory.CreateDirectory(crashed.HistoryPath);
        foreach (string file in Directory.GetFiles(_directory.HistoryPath))
        {
            File.Copy(file, Path.Combine(crashed.HistoryPath, Path.GetFileName(file)));
        }

        return crashed;
    }

    private static double Now() => UnixMicroseconds.Now(TimeProvider.System) / 1e6;

    // A line is: 1790000000.123456 fdatasync(7</dir/twingrid.db-wal>) = 0 <0.000180>
    private static IEnumerable<(double Begin, double End)> ReadSyncs(string trace)
    {
        foreach (string line in File.ReadLines(trace))
        {
            Match sync = SyncOfTheLog().Match(line);
            if (sync.Success)
            {
                double begin = double.Parse(sync.Groups[1].Value, CultureInfo.InvariantCulture);
                yield return (begin, begin + double.Parse(sync.Groups[2].Value, CultureInfo.InvariantCulture));
            }
        }
    }

    [GeneratedRegex(@"^(\d+\.\d+) f(?:data)?sync\(\d+<[^>]*twingrid\.db-wal>\)\s*= 0 <(\d+\.\d+)>")]
    private static partial Regex SyncOfTheLog();
}
