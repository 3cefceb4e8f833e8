using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What verifying says of damage to SQLite's files: rows, pages, partitions.</summary>
public sealed class SqliteVerifyTests : IDisposable
{
    private const long Start = 1_790_000_000_000_000;
    private const long Second = UnixMicroseconds.PerSecond;
    private const long Day = 86_400 * Second;

    private readonly StoreDirectory _directory = new();
    private readonly FakeTimeProvider _clock = new(UnixMicroseconds.ToDateTimeOffset(Start));

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("UPDATE turn SET previous_turn_id = 1 WHERE revision = 5", "revision 5: the turn does not point at")]
    [InlineData("UPDATE head SET revision = 1", "revision 2: the log goes on to revision 300")]
    [InlineData("UPDATE head SET turn_id = 7", "revision 300: the twin's head points at another row")]
    [InlineData("DELETE FROM turn WHERE revision = 300", "revision 300: the turn is missing")]
    [InlineData("DELETE FROM head", "revision 1: the twin has no row in the table head")]
    public async Task Damage_of_the_chain_is_named(string damage, string expected)
    {
        await FillAsync();
        Assert.Equal(1, _directory.Execute(damage));

        Assert.Contains(
            await VerifyAsync(),
            found => found.ToString().StartsWith($"turbine/t07 {expected}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_bit_that_flipped_on_the_disk_is_found_at_its_revision()
    {
        await FillAsync();
        byte[] file = await File.ReadAllBytesAsync(_directory.File);
        int place = file.AsSpan().IndexOf("turn 123"u8);
        file[place + 2] ^= 0x10;
        await File.WriteAllBytesAsync(_directory.File, file);

        StoreDamage found = Assert.Single(await VerifyAsync());

        Assert.Equal((Turbine, 123L), (found.Twin, found.Revision));
    }

    [Fact]
    public async Task A_page_of_the_log_that_is_lost_is_told_with_the_turns_that_went_with_it()
    {
        await FillAsync();
        byte[] file = await File.ReadAllBytesAsync(_directory.File);
        int page = file.AsSpan().IndexOf("turn 123"u8) / 4_096;
        string lost = Encoding.Latin1.GetString(file, page * 4_096, 4_096);
        file.AsSpan(page * 4_096, 4_096).Clear();
        await File.WriteAllBytesAsync(_directory.File, file);

        List<StoreDamage> found = await VerifyAsync();

        // The turns of that page, and no others.
        long[] gone = [.. Enumerable.Range(1, 300).Select(r => (long)r)
            .Where(r => lost.Contains($"<turn {r}>", StringComparison.Ordinal))];
        StoreDamage missing = Assert.Single(found, d => d.Twin == Turbine && d.Revision > 0);
        Assert.Equal(gone[0], missing.Revision);
        Assert.Contains($"up to revision {gone[^1]} are missing", missing.Problem, StringComparison.Ordinal);
        Assert.Contains(found, d => d.Twin is null && d.Problem.Contains("cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sealed_history_is_counted_and_intact()
    {
        await SealAsync();

        StoreTally tally = new();
        Assert.Empty(await VerifyAsync(tally));

        // Three segments of 100 turns beside 300 single ones that were not taken from the log yet.
        Assert.Equal((1, 600, 3, 3), (tally.Twins, tally.Turns, tally.Segments, tally.Blocks));
    }

    [Theory]
    [InlineData("DELETE FROM turns WHERE first_revision = 101", "revision 101: the sealed turns up to revision 200")]
    [InlineData("DELETE FROM turns WHERE first_revision = 201", "revision 201: the sealed turns up to revision 300")]
    [InlineData(
        "UPDATE turns SET crc = crc + 1 WHERE first_revision = 101", "revision 101: the segment of turns up to")]
    [InlineData(
        "UPDATE readings SET readings = zeroblob(9) WHERE first_revision = 1",
        "revision 1: the block of readings of power up to revision 100 is damaged")]
    public async Task Damage_inside_a_partition_is_named(string damage, string expected)
    {
        string file = await SealAsync();
        using (SqliteConnection connection = new($"Data Source={file};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The test writes it.
            command.CommandText = damage;
#pragma warning restore CA2100
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        StoreDamage found = Assert.Single(await VerifyAsync());

        Assert.StartsWith($"turbine/t07 {expected}", found.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(8_192)]
    public async Task A_partition_that_was_cut_off_is_named(int length)
    {
        string file = await SealAsync();
        using (FileStream cut = File.OpenWrite(file))
        {
            cut.SetLength(length);
        }

        List<StoreDamage> found = await VerifyAsync();

        Assert.Contains(found, d => d.Where == file && d.Remedy.Contains("backup", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_partition_that_is_lost_is_named_with_what_was_in_it_until_it_would_have_gone_anyway()
    {
        string file = await SealAsync();
        File.Delete(file);

        List<StoreDamage> found = await VerifyAsync();

        Assert.Contains(found, d => d.Where == file && d.Problem == "the history file is missing");
        Assert.Contains(found, d => d.Twin == Turbine && d.Revision == 1);
        Assert.Equal(2, found.Count);

        // 30 days are kept in partitions of two days: after 32 it would have been dropped whole.
        _clock.Advance(TimeSpan.FromDays(33));
        Assert.Empty(await VerifyAsync());
    }

    [Fact]
    public async Task What_was_erased_from_history_is_not_missed()
    {
        await SealAsync();
        await using (SqliteTwinStore store = await _directory.OpenAsync(clock: _clock))
        {
            await store.EraseAsync(Turbine, 301, CancellationToken.None);
        }

        Assert.Empty(await VerifyAsync());
    }

    [Fact]
    public async Task There_is_nothing_to_verify_without_a_database()
    {
        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(() => VerifyAsync());

        Assert.Contains("TwinGrid:DataDirectory", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public async Task A_database_of_the_first_schema_is_read_as_it_is()
    {
        _directory.Execute(FirstSchema.Sql);

        StoreTally tally = new();
        Assert.Empty(await VerifyAsync(tally));

        Assert.Equal(1, tally.Turns);
    }

    private async Task FillAsync()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        await store.Commit([.. Enumerable.Range(1, 300).Select(r => Turn(Turbine, r, $"<turn {r}>"))]);
        await store.Commit(Snapshot(Turbine, 300));
    }

    private async Task<string> SealAsync()
    {
        await FillAsync();
        await using SqliteTwinStore store = await _directory.OpenAsync(clock: _clock);
        List<TwinTurn> turns = [];
        await foreach (TwinTurn turn in store.ReadTurnsAsync(Turbine, 0, 300, CancellationToken.None))
        {
            turns.Add(turn);
        }

        for (int first = 0; first < 300; first += 100)
        {
            HistoryReading reading = new(
                Start + first, ReadingValue.Of(first), Quality.Good, ReadingFlags.None);
            Assert.True(await store.SealAsync(
                new SealedTurns
                {
                    Twin = Turbine,
                    Turns = turns[first..(first + 100)],
                    End = Snapshot(Turbine, first + 100),
                    Readings = [new SealedReadings("power", 30 * Day, [reading])],
                },
                CancellationToken.None));
        }

        return Assert.Single(Directory.GetFiles(Path.Combine(_directory.Path, "twingrid-history"), "*.db"));
    }

    private Task<List<StoreDamage>> VerifyAsync(StoreTally? tally = null) => _directory.VerifyAsync(_clock, tally);
}
