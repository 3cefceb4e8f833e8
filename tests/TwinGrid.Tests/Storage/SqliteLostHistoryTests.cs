using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.SealedHistory;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What a history file that is empty, damaged or robbed of rows does to questions and sealing.</summary>
public sealed class SqliteLostHistoryTests : IDisposable
{
    private readonly StoreDirectory _directory = new();
    private readonly FakeTimeProvider _clock = new(UnixMicroseconds.ToDateTimeOffset(Start));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_empty_file_in_which_nothing_was_sealed_hides_nothing_and_is_made_whole_by_the_next_sealing()
    {
        // 30 days are kept in files of two days; this is the one of the first part.
        string file = HistoryFile.For(_directory.HistoryPath, 30 * Day, Start).Path;
        Directory.CreateDirectory(_directory.HistoryPath);
        await File.WriteAllBytesAsync(file, []);
        await using (SqliteTwinStore store = await OpenAsync())
        {
            await store.FillAsync(1, 300);
        }

        await File.WriteAllBytesAsync(file, []);
        StoreDamage found = Assert.Single(await VerifyAsync());
        Assert.Equal(file, found.Where);
        Assert.Contains("nothing was ever kept there", found.Problem, StringComparison.Ordinal);
        await using SqliteTwinStore again = await OpenAsync();
        Assert.Empty(await again.ValuesAsync());
        Assert.Equal((200L, (long?)null), await again.PastAsync(200));
        await again.SealAsync(Turbine, 1, 100, Start);
        Assert.Equal([1.0], await again.ValuesAsync());
        Assert.Empty(await VerifyAsync());
    }

    [Fact]
    public async Task A_damaged_file_fails_only_questions_about_its_twin_and_its_time()
    {
        TwinId other = new("pump", "p4");
        await using SqliteTwinStore store = await OpenAsync();
        await store.FillAsync(1, 300);
        await store.SealAsync(Turbine, 1, 100, Start);
        _clock.Advance(TimeSpan.FromDays(4));
        await store.SealAsync(Turbine, 101, 200, Start + (4 * Day));
        string damaged = HistoryFile.For(_directory.HistoryPath, 30 * Day, Start + (4 * Day)).Path;
        await store.DisposeAsync();
        File.Delete(damaged + "-wal");
        await File.WriteAllTextAsync(damaged, new string('x', 8_192));

        await using SqliteTwinStore again = await OpenAsync();
        TwinDamagedException refused = await Assert.ThrowsAsync<TwinDamagedException>(() => again.ValuesAsync());
        Assert.Contains(damaged, refused.Message, StringComparison.Ordinal);
        Assert.Contains("put the file of a backup in its place", refused.Message, StringComparison.Ordinal);
        Assert.Equal([1.0], await again.ValuesAsync(to: Start + Day));
        Assert.Equal((250L, (long?)200), await again.PastAsync(250));

        // A twin that came later, and its sealing.
        await again.Commit([.. Enumerable.Range(1, 100).Select(r => Turn(other, r))]);
        await again.Commit(Snapshot(other, 100));
        Assert.Equal(0, (await again.ReadLogAsync(other, CancellationToken.None))!.Sealed);
        await again.SealAsync(other, 1, 100, Start);
        Assert.Equal(100, (await again.ReadLogAsync(other, CancellationToken.None))!.Sealed);

        Assert.Contains(await VerifyAsync(), found => found.Where == damaged);
    }

    [Theory]
    [InlineData("DELETE FROM readings WHERE first_revision = 101", "1 of 3 sealed blocks of readings of power")]
    [InlineData("DELETE FROM readings", "3 of 3 sealed blocks of readings of power")]
    public async Task Blocks_that_are_missing_are_told_and_not_left_out(string loss, string expected)
    {
        await using (SqliteTwinStore store = await OpenAsync())
        {
            await store.FillAsync(1, 300);
            await store.SealAsync(Turbine, 1, 100, Start);
            await store.SealAsync(Turbine, 101, 200, Start + Second);
            await store.SealAsync(Turbine, 201, 300, Start + (2 * Second));
            Assert.Equal([1.0, 101.0, 201.0], await store.ValuesAsync());
        }

        Assert.NotEqual(0, Execute(Assert.Single(Directory.GetFiles(_directory.HistoryPath, "*.db")), loss));

        await using SqliteTwinStore again = await OpenAsync();
        TwinDamagedException refused = await Assert.ThrowsAsync<TwinDamagedException>(() => again.ValuesAsync());
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        StoreDamage found = Assert.Single(await VerifyAsync());
        Assert.Equal((Turbine, 1L), (found.Twin, found.Revision));
        Assert.Contains(expected, found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_was_taken_away_is_named_to_who_asks_for_what_was_in_it()
    {
        await using (SqliteTwinStore store = await OpenAsync())
        {
            await store.FillAsync(1, 300);
            await store.SealAsync(Turbine, 1, 100, Start);
        }

        string file = Assert.Single(Directory.GetFiles(_directory.HistoryPath, "*.db"));
        File.Delete(file);

        await using SqliteTwinStore again = await OpenAsync();
        TwinDamagedException values = await Assert.ThrowsAsync<TwinDamagedException>(() => again.ValuesAsync());
        TwinDamagedException past = await Assert.ThrowsAsync<TwinDamagedException>(() => again.PastAsync(50));
        Assert.All<Exception>(
            [values, past],
            e => Assert.Contains($"{file} is damaged: it is missing", e.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_an_older_version_sealed_is_read_without_a_list()
    {
        await using (SqliteTwinStore store = await OpenAsync())
        {
            await store.FillAsync(1, 300);
            await store.SealAsync(Turbine, 1, 100, Start);
        }

        _directory.Execute("DELETE FROM sealed_in; UPDATE history_file SET life = 0");

        await using SqliteTwinStore again = await OpenAsync();
        await again.SealAsync(Turbine, 101, 200, Start + Second);
        Assert.Equal([1.0, 101.0], await again.ValuesAsync());
        Assert.Equal((50L, (long?)null), await again.PastAsync(50));
        Assert.Empty(await VerifyAsync());
    }

    [Fact]
    public async Task What_was_erased_in_part_is_not_missed()
    {
        await using (SqliteTwinStore store = await OpenAsync())
        {
            await store.FillAsync(1, 300);
            await store.SealAsync(Turbine, 1, 100, Start);
            await store.SealAsync(Turbine, 101, 200, Start + Second);
            await store.EraseAsync(Turbine, 101, CancellationToken.None);
            Assert.Equal([101.0], await store.ValuesAsync());
        }

        Assert.Empty(await VerifyAsync());
    }

    private Task<SqliteTwinStore> OpenAsync() => _directory.OpenAsync(clock: _clock);

    private Task<List<StoreDamage>> VerifyAsync() => _directory.VerifyAsync(_clock);
}
