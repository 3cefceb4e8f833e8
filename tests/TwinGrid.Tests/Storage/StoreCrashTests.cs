using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

public sealed class StoreCrashTests : IDisposable
{
    private static readonly TwinId[] Twins = [.. Enumerable.Range(0, 5).Select(i => new TwinId("pump", $"p{i}"))];

    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_crash_at_any_time_loses_nothing_that_was_acknowledged()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        for (int revision = 1; revision <= 60; revision++)
        {
            await CommitToAll(store, revision, snapshots: revision % 7 == 0);
            if (revision % 10 == 0)
            {
                await ShouldHoldExactly(_directory, revision);
            }
        }
    }

    [Fact]
    public async Task A_crash_while_the_log_is_moved_into_the_file_loses_nothing()
    {
        // 40 groups of about 8 pages each, in a log that is moved at 1,000 pages: by hand here, so that it happens.
        await using SqliteTwinStore store = await _directory.OpenAsync();
        for (int revision = 1; revision <= 40; revision++)
        {
            await CommitToAll(store, revision, snapshots: false);
            if (revision % 8 == 0)
            {
                _directory.Execute("PRAGMA wal_checkpoint(RESTART)");
                await ShouldHoldExactly(_directory, revision);
            }
        }
    }

    [Fact]
    public async Task A_torn_log_keeps_every_group_that_was_written_before_the_tear_and_half_of_none()
    {
        List<long> lengths = [];
        await using SqliteTwinStore store = await _directory.OpenAsync();
        for (int revision = 1; revision <= 12; revision++)
        {
            await CommitToAll(store, revision, snapshots: revision == 6);
            lengths.Add(new FileInfo(_directory.File + "-wal").Length);
        }

        for (int group = 1; group < lengths.Count; group++)
        {
            long from = lengths[group - 1];
            long to = lengths[group];
            foreach (long length in new[] { from, from + 1, from + 24, (from + to) / 2, to - 4096, to - 1 })
            {
                using StoreDirectory crashed = _directory.Crash();
                Truncate(crashed.File + "-wal", length);
                await ShouldHoldExactly(crashed, group, copy: false);
            }
        }
    }

    [Fact]
    public async Task Garbage_behind_the_last_group_is_not_taken_for_one()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        await CommitToAll(store, 1, snapshots: false);
        await CommitToAll(store, 2, snapshots: false);
        long kept = new FileInfo(_directory.File + "-wal").Length;
        await CommitToAll(store, 3, snapshots: false);

        using StoreDirectory crashed = _directory.Crash();
        byte[] log = File.ReadAllBytes(crashed.File + "-wal");
        log[kept + 24 + 100] ^= 0x10;
        File.WriteAllBytes(crashed.File + "-wal", log);

        await ShouldHoldExactly(crashed, 2, copy: false);
    }

    [Fact]
    public async Task A_crash_loses_no_session_that_was_saved()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        StoredSession session = new() { Client = "a", ExpirySeconds = 3_600, State = new byte[] { 1 } };
        await store.Save(session, session with { Client = "b" });

        using StoreDirectory crashed = _directory.Crash();
        await using SqliteTwinStore recovered = await crashed.OpenAsync();

        Assert.Equal(["a", "b"], (await recovered.Sessions()).Select(s => s.Client));
    }

    private static Task CommitToAll(SqliteTwinStore store, int revision, bool snapshots) => store.CommitAsync(
        [.. Twins.Select(twin => Turn(twin, revision, $"{twin} {revision}"))],
        snapshots ? [.. Twins.Select(twin => Snapshot(twin, revision, $"{twin} {revision}"))] : [],
        CancellationToken.None);

    private static void Truncate(string file, long length)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Write);
        stream.SetLength(length);
    }

    // Every twin stands at the revision, with each of its turns or a snapshot for those that it replaces, and goes on.
    private static async Task ShouldHoldExactly(StoreDirectory directory, int revision, bool copy = true)
    {
        using StoreDirectory? made = copy ? directory.Crash() : null;
        await using SqliteTwinStore store = await (made ?? directory).OpenAsync();
        foreach (TwinId twin in Twins)
        {
            StoredTwin stored = await store.Load(twin);
            long from = (stored.Snapshot?.Revision ?? 0) + 1;
            Assert.Equal(
                Enumerable.Range((int)from, revision - (int)from + 1).Select(r => $"{twin} {r}"),
                stored.Tail.Select(turn => turn.Inputs.Text()));
            Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(twin, revision)));
            Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(twin, revision + 1)));
        }
    }
}
