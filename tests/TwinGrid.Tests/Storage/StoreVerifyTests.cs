using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>What verifying says of real damage, the same of every store.</summary>
public abstract class StoreVerifyTests<THome> : IAsyncLifetime
    where THome : StoreHome, new()
{
    private static readonly TwinId Other = new("turbine", "t08");

    private readonly THome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _home.DisposeAsync();
    }

    [Fact]
    public async Task An_intact_store_is_counted_and_nothing_is_found()
    {
        await FillAsync();

        (List<StoreDamage> found, StoreTally tally) = await VerifyAsync();

        Assert.Empty(found);
        Assert.Equal((2, 6, 1, 1), (tally.Twins, tally.Turns, tally.Snapshots, tally.Sessions));

        // Six inputs of 6 bytes, a state of 5, a session of 7.
        Assert.Equal((6 * 6) + 5 + 7, tally.Bytes);
    }

    [Theory]
    [InlineData(
        "UPDATE turn SET inputs = 'inputz' WHERE revision = 3", "revision 3: the turn is damaged: its CRC32C")]
    [InlineData("UPDATE turn SET time = time + 1 WHERE revision = 4", "revision 4: the turn is damaged")]
    [InlineData("UPDATE turn SET crc = crc - 1 WHERE revision = 5", "revision 5: the turn is damaged")]
    [InlineData(
        "UPDATE turn SET record = 2 WHERE revision = 5", "revision 5: the turn is damaged: its row has version 2")]
    [InlineData("DELETE FROM turn WHERE revision = 4", "revision 4: the turn is missing")]
    [InlineData(
        "DELETE FROM turn WHERE revision BETWEEN 2 AND 4", "revision 2: the turns up to revision 4 are missing")]
    [InlineData("UPDATE snapshot SET state = 'stale'", "revision 2: the snapshot is damaged")]
    [InlineData("UPDATE snapshot SET next_due = 8", "revision 2: the snapshot is damaged")]
    [InlineData("DELETE FROM snapshot", "revision 2: the snapshot is missing")]
    public async Task Damage_is_named_with_its_twin_and_revision_and_nothing_else_is(string damage, string expected)
    {
        await FillAsync();
        Assert.NotEqual(0, await _home.ExecuteAsync(damage));

        StoreDamage found = Assert.Single((await VerifyAsync()).Found);

        Assert.StartsWith($"turbine/t07 {expected}", found.ToString(), StringComparison.Ordinal);
        Assert.Contains("restore a backup", found.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_turn_that_was_put_to_a_twin_that_is_not_there_is_found_and_missed()
    {
        await FillAsync();
        await _home.ExecuteAsync("UPDATE turn SET twin_id = 99 WHERE revision = 4");

        List<StoreDamage> found = (await VerifyAsync()).Found;

        Assert.Equal(2, found.Count);
        Assert.Contains(found, d => d is { Revision: 4, Problem: "the turn is missing" } && d.Twin == Turbine);
        Assert.Contains(found, d => d.Twin is null && d.Problem.Contains("no twin", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_session_is_named_with_its_client()
    {
        await FillAsync();
        await _home.ExecuteAsync("UPDATE session SET expiry_seconds = 7");

        StoreDamage found = Assert.Single((await VerifyAsync()).Found);

        Assert.Contains("session of device", found.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verifying_beside_an_open_store_fences_nobody()
    {
        ITwinStore open = await FillAsync();

        Assert.Empty((await VerifyAsync()).Found);

        Assert.Equal([CommitOutcome.Committed], await open.Commit(Turn(Turbine, 6)));
    }

    [Fact]
    public async Task Erased_turns_are_no_damage()
    {
        ITwinStore store = await FillAsync();
        await store.EraseAsync(Turbine, 3, CancellationToken.None);
        await store.EraseAsync(Other, 2, CancellationToken.None);

        (List<StoreDamage> found, StoreTally tally) = await VerifyAsync();

        Assert.Empty(found);
        Assert.Equal(3, tally.Turns);
    }

    [Fact]
    public async Task A_database_of_a_newer_schema_is_not_judged()
    {
        await FillAsync();
        await _home.ExecuteAsync("UPDATE schema_version SET major = 2");

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(VerifyAsync);

        Assert.Contains("newer TwinGrid", refused.Message, StringComparison.Ordinal);
    }

    private async Task<ITwinStore> FillAsync()
    {
        ITwinStore store = await _home.OpenAsync();
        for (int revision = 1; revision <= 5; revision++)
        {
            await store.Commit(Turn(Turbine, revision));
        }

        await store.Commit(Turn(Other, 1));
        await store.Commit(Snapshot(Turbine, 2, nextDue: 7));
        await store.Save(new StoredSession { Client = "device", ExpirySeconds = 60, State = "filters"u8.ToArray() });
        return store;
    }

    private async Task<(List<StoreDamage> Found, StoreTally Tally)> VerifyAsync()
    {
        ITwinStore store = _home.NotInitialized();
        StoreTally tally = new();
        return (await store.FindDamagesAsync(tally), tally);
    }
}
