using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What the store asks of the disk and does when the disk fails: strace watches and disturbs it.</summary>
public sealed partial class StoreDiskTests : IDisposable
{
    private readonly StoreDirectory _directory = new();
    private readonly ThreadNotingClock _clock = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_commit_answers_after_the_log_is_synced()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        await store.Commit(Turn(Turbine, 1));
        string trace = Path.Combine(_directory.Path, "trace");
        List<(double Begin, double End)> commits = [];
        using (await Strace.AttachAsync(_clock.Thread, "-y", "-ttt", "-T", "-e", "trace=fsync,fdatasync", "-o", trace))
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
            using (await Strace.AttachAsync(
                _clock.Thread,
                "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"))
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
        using (await Strace.AttachAsync(
            _clock.Thread, "-o", "/dev/null", "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC"))
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

    /// <summary>Notes on which thread the store asks for the time when it opens: the one that writes.</summary>
    private sealed class ThreadNotingClock : TimeProvider
    {
        public int Thread { get; private set; }

        public override DateTimeOffset GetUtcNow()
        {
            if (OperatingSystem.IsLinux())
            {
                string id = File.ReadAllText("/proc/thread-self/stat").Split(' ')[0];
                Thread = int.Parse(id, CultureInfo.InvariantCulture);
            }

            return base.GetUtcNow();
        }
    }

    private sealed class Strace : IDisposable
    {
        private readonly Process _process;

        private Strace(Process process)
        {
            _process = process;
        }

        public static async Task<Strace> AttachAsync(int thread, params string[] arguments)
        {
            Assert.SkipUnless(
                OperatingSystem.IsLinux() && File.Exists("/usr/bin/strace"), "strace is not installed");
            ProcessStartInfo start = new("/usr/bin/strace") { RedirectStandardError = true };
            foreach (string argument in (string[])["-p", thread.ToString(CultureInfo.InvariantCulture), .. arguments])
            {
                start.ArgumentList.Add(argument);
            }

            Process process = Process.Start(start)!;
            using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(30));
            string said = await process.StandardError.ReadLineAsync(deadline.Token) ?? "";
            Assert.SkipUnless(said.Contains("attached", StringComparison.Ordinal), $"strace cannot attach: {said}");
            return new Strace(process);
        }

        public void Dispose()
        {
            // Not SIGKILL: strace writes out what it saw, and lets the thread go.
            using Process kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
