using Microsoft.Extensions.Time.Testing;
using static TwinGrid.Tests.Storage.SealedHistory;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>What verifying says of damage to sealed history in PostgreSQL.</summary>
public sealed class PostgreSqlVerifyTests : IAsyncLifetime
{
    private readonly PostgreSqlHome _home = new();
    private readonly FakeTimeProvider _clock = new(UnixMicroseconds.ToDateTimeOffset(Start));

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Sealed_history_is_counted_and_intact()
    {
        await SealAsync();

        StoreTally tally = new();
        Assert.Empty(await VerifyAsync(tally));

        // Three segments of 100 turns beside 300 single ones that were not taken from the log yet; the newest snapshot
        // and the state where sealing goes on.
        Assert.Equal((1, 600, 3, 3, 2), (tally.Twins, tally.Turns, tally.Segments, tally.Blocks, tally.Snapshots));
    }

    [Theory]
    [InlineData(
        "UPDATE history_turns SET turns = set_byte(turns, 9, get_byte(turns, 9) # 1) WHERE first_revision = 101",
        "revision 101: the segment of turns up to revision 200 is damaged: its CRC32C")]
    [InlineData(
        "UPDATE history_turns SET state = set_byte(state, 0, 9) WHERE first_revision = 101",
        "revision 101: the segment of turns up to revision 200 is damaged: its CRC32C")]
    [InlineData(
        "UPDATE history_turns SET record = 2 WHERE first_revision = 201",
        "revision 201: the segment of turns up to revision 300 is damaged: its row has version 2")]
    [InlineData(
        "UPDATE history_readings SET readings = set_byte(readings, 20, get_byte(readings, 20) # 64) "
            + "WHERE first_revision = 1",
        "revision 1: the block of readings of power up to revision 100 is damaged: its CRC32C")]
    [InlineData(
        "UPDATE history_readings SET telemetry = 'other' WHERE first_revision = 1",
        "revision 1: the block of readings of other up to revision 100 is damaged: its CRC32C")]
    [InlineData(
        "DELETE FROM history_turns WHERE first_revision = 101",
        "revision 101: the sealed turns up to revision 200 are in no partition")]
    [InlineData(
        "DELETE FROM history_turns WHERE first_revision = 201",
        "revision 201: the sealed turns up to revision 300 are in no partition")]
    [InlineData("DELETE FROM history_turns", "revision 1: the sealed turns up to revision 300 are in no partition")]
    [InlineData(
        "DELETE FROM history_readings WHERE first_revision = 101",
        "revision 1: 1 of 3 sealed blocks of readings of power are missing")]
    [InlineData("UPDATE sealed SET state = 'stale'", "revision 300: the sealed state is damaged: its CRC32C")]
    [InlineData("DELETE FROM sealed", "revision 300: the state after its sealed turns is missing")]
    public async Task Damage_of_what_is_sealed_is_named_with_its_twin_and_revision_and_nothing_else_is(
        string damage, string expected)
    {
        await SealAsync();
        Assert.NotEqual(0, await _home.ExecuteAsync(damage));

        StoreDamage found = Assert.Single(await VerifyAsync());

        Assert.StartsWith($"turbine/t07 {expected}", found.ToString(), StringComparison.Ordinal);
        Assert.Contains("restore a backup", found.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mark_that_is_not_where_the_sealed_turns_end_is_named()
    {
        await SealAsync();
        await _home.ExecuteAsync("UPDATE twin SET erased_before = 251");

        List<StoreDamage> found = await VerifyAsync();

        Assert.Contains(found, d => d.Revision == 251 && d.Problem.StartsWith(
            "turns up to revision 300 are sealed", StringComparison.Ordinal));
        Assert.Contains(found, d => d.Revision == 201 && d.Problem.EndsWith(
            "is of turns that are not sealed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_partition_that_was_dropped_by_hand_is_named_until_it_would_have_gone_anyway()
    {
        await SealAsync();
        await _home.ExecuteAsync("DROP TABLE history_turns_1");

        List<StoreDamage> found = await VerifyAsync();

        Assert.Contains(found, d => d.Problem == "the partition history_turns_1 is missing");
        Assert.Contains(found, d => d.Twin == Turbine && d.Revision == 1);
        Assert.Equal(2, found.Count);

        // 30 days are kept in partitions of two days: after 32 it would have been dropped whole.
        _clock.Advance(TimeSpan.FromDays(33));
        Assert.Empty(await VerifyAsync());
    }

    [Fact]
    public async Task A_partition_that_nobody_would_drop_is_named()
    {
        await SealAsync();
        await _home.ExecuteAsync("DELETE FROM history_partition");

        Assert.Equal(
            ["the partition history_readings_1", "the partition history_turns_1"],
            (await VerifyAsync()).Select(d => d.Problem.Split(" is ")[0]).Order());
    }

    [Theory]
    [InlineData(151)]
    [InlineData(301)]
    public async Task What_was_erased_from_history_is_not_missed(long before)
    {
        ITwinStore store = await SealAsync();
        await store.EraseAsync(Turbine, before, CancellationToken.None);

        Assert.Empty(await VerifyAsync());
    }

    [Fact]
    public async Task A_database_of_the_first_schema_is_read_as_it_is()
    {
        await _home.ExecuteAsync($"CREATE SCHEMA {_home.Schema}");
        await _home.ExecuteAsync(FirstPostgreSqlSchema.Sql);

        StoreTally tally = new();
        Assert.Empty(await VerifyAsync(tally));

        Assert.Equal(1, tally.Turns);
    }

    private async Task<ITwinStore> SealAsync()
    {
        ITwinStore store = await _home.OpenAsync(
            new LimitOptions { HistoryKeep = TimeSpan.FromDays(30) }, _clock);
        await store.FillAsync(1, 300);
        List<TwinTurn> turns = await store.TurnsAsync(0, 300);
        for (int first = 1; first <= 300; first += 100)
        {
            Assert.True(await store.SealAsync(
                Part(turns, first, first + 99, (Start + first, first)), CancellationToken.None));
        }

        return store;
    }

    private async Task<List<StoreDamage>> VerifyAsync(StoreTally? tally = null)
    {
        ITwinStore store = _home.NotInitialized(
            new LimitOptions { HistoryKeep = TimeSpan.FromDays(30) }, _clock);
        List<StoreDamage> found = [];
        await foreach (StoreDamage damage in store.VerifyAsync(tally ?? new StoreTally(), CancellationToken.None))
        {
            found.Add(damage);
        }

        return found;
    }
}
