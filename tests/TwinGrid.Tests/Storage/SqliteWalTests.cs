using Microsoft.Extensions.Time.Testing;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>A write-ahead log that was damaged or lost after a crash is told, by a start and by verify.</summary>
public sealed class SqliteWalTests : IDisposable
{
    // https://sqlite.org/fileformat2 section 4: a header of 32 bytes, then frames of 24 bytes and a page.
    private const int Header = 32;
    private const int Frame = 24 + 4_096;

    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(Frame + 100)] // a page
    [InlineData(Frame + 9)] // the salt of a frame
    [InlineData(Frame + 17)] // the checksum of a frame
    public async Task A_bit_that_flipped_before_a_whole_transaction_stops_the_start_and_is_told_by_verify(int place)
    {
        using StoreDirectory crashed = await CrashAsync(commits: 30);
        string log = crashed.File + "-wal";
        byte[] bytes = await File.ReadAllBytesAsync(log);
        bytes[Header + place] ^= 0x10;
        await File.WriteAllBytesAsync(log, bytes);

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(() => crashed.OpenAsync());
        Assert.Contains(log, refused.Message, StringComparison.Ordinal);
        Assert.Contains("restore a backup", refused.Message, StringComparison.Ordinal);
        Assert.Contains(await crashed.VerifyAsync(), found => found.Where == log);

        // What the sentence says: to go on with what stands before the damage.
        WalDamage damage = WalFile.FindDamage(crashed.File)!;
        Assert.Contains($"truncate -s {damage.Offset}", refused.Message, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(log, bytes[..(int)damage.Offset]);
        await (await crashed.OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_last_transaction_that_is_torn_is_no_damage_wherever_it_is_torn()
    {
        using StoreDirectory crashed = await CrashAsync(commits: 3);
        byte[] bytes = await File.ReadAllBytesAsync(crashed.File + "-wal");
        int last = bytes.Length - Frame;
        while (BitConverter.ToInt32(bytes, last - Frame + 4) == 0)
        {
            last -= Frame;
        }

        for (int at = last; at < bytes.Length; at += Frame)
        {
            byte[] torn = [.. bytes];
            torn[at + 1_000] ^= 1;
            await File.WriteAllBytesAsync(crashed.File + "-wal", torn);
            Assert.Null(WalFile.FindDamage(crashed.File));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_log_that_was_cut_or_taken_away_a_second_after_the_last_commit_is_told(bool isCut)
    {
        using StoreDirectory crashed = await CrashAsync(commits: 30);
        string note = Path.ChangeExtension(crashed.File, ".last");
        if (isCut)
        {
            byte[] bytes = await File.ReadAllBytesAsync(crashed.File + "-wal");
            await File.WriteAllBytesAsync(crashed.File + "-wal", bytes[..(Header + (5 * Frame))]);
        }
        else
        {
            File.Delete(crashed.File + "-wal");
        }

        Assert.True(File.Exists(note));
        Assert.Contains(
            await crashed.VerifyAsync(),
            found => found.Problem.Contains("(-wal) was damaged or taken away", StringComparison.Ordinal));
        TestLog log = new();
        await using SqliteTwinStore store = await crashed.OpenAsync(logger: log.For<SqliteTwinStore>());
        Assert.Contains("(-wal) was damaged or taken away", Assert.Single(log.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_note_that_cannot_be_written_fails_no_commit_and_no_start()
    {
        Directory.CreateDirectory(Path.ChangeExtension(_directory.File, ".last"));

        await using SqliteTwinStore store = await _directory.OpenAsync();

        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 1)));
    }

    // The files as a kill leaves them, once the end of the burst was noted.
    private async Task<StoreDirectory> CrashAsync(int commits)
    {
        FakeTimeProvider clock = new();
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: clock);
        string note = Path.ChangeExtension(_directory.File, ".last");
        for (int revision = 1; revision <= commits; revision++)
        {
            await store.Commit(Turn(Turbine, revision));
        }

        // It is noted by the thread that writes, before what it is given next. One row a turn, so the newest row is the
        // last revision.
        clock.Advance(LastWritten.Interval);
        await store.AppendDeadLettersAsync([], CancellationToken.None);
        Assert.Equal(commits, LastWritten.Read(_directory.File).Row);

        StoreDirectory crashed = _directory.Crash();
        File.Copy(note, Path.ChangeExtension(crashed.File, ".last"));
        return crashed;
    }
}
