using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

public sealed class StoreDamageTests : IDisposable
{
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("UPDATE turn SET inputs = 'inputz' WHERE revision = 3", "revision 3", "checksum")]
    [InlineData("UPDATE turn SET time = time + 1 WHERE revision = 4", "revision 4", "checksum")]
    [InlineData("UPDATE turn SET fold_version = 9 WHERE revision = 4", "revision 4", "checksum")]
    [InlineData("UPDATE turn SET crc = crc + 1 WHERE revision = 5", "revision 5", "checksum")]
    [InlineData("UPDATE turn SET record = 2 WHERE revision = 5", "revision 5", "start the version that wrote it")]
    [InlineData("DELETE FROM turn WHERE revision = 4", "revision 4", "missing")]
    [InlineData("UPDATE turn SET twin_id = 99 WHERE revision = 4", "revision 4", "missing")]
    [InlineData("UPDATE turn SET previous_turn_id = 1 WHERE revision = 5", "revision 4", "checksum")]
    [InlineData("UPDATE head SET revision = 1 WHERE revision = 5", "revision 2", "missing")]
    [InlineData("UPDATE snapshot SET state = 'stale'", "revision 2", "snapshot")]
    [InlineData("UPDATE snapshot SET next_due = 8", "revision 2", "checksum")]
    [InlineData("UPDATE snapshot SET revision = 3", "revision 3", "checksum")]
    public async Task Damage_is_refused_by_name(string damage, string where, string what)
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        TwinId other = new("turbine", "t08");
        for (int revision = 1; revision <= 5; revision++)
        {
            await store.Commit(Turn(Turbine, revision, "inputs"));
        }

        await store.Commit(Snapshot(Turbine, 2, "state", nextDue: 7));
        await store.Commit(Turn(other, 1));
        Assert.Equal(3, (await store.Load(Turbine)).Tail.Count);

        Assert.Equal(1, _directory.Execute(damage));
        TwinGridException refused = await Assert.ThrowsAnyAsync<TwinGridException>(() => store.Load(Turbine));

        // A row of a newer version is whole.
        bool isDamaged = !what.StartsWith("start the version", StringComparison.Ordinal);
        Assert.Equal(isDamaged, refused is TwinDamagedException);
        Assert.Contains("turbine/t07", refused.Message, StringComparison.Ordinal);
        Assert.Contains(where, refused.Message, StringComparison.Ordinal);
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
        Assert.Single((await store.Load(other)).Tail);
    }

    [Fact]
    public async Task Rows_that_changed_places_are_refused()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        await store.Commit(Turn(Turbine, 1, "ours"), Turn(new TwinId("turbine", "t08"), 1, "theirs"));

        _directory.Execute("UPDATE head SET turn_id = 3 - turn_id");
        _directory.Execute("UPDATE turn SET twin_id = 3 - twin_id");

        await Assert.ThrowsAsync<TwinDamagedException>(() => store.Load(Turbine));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_with_what_to_do()
    {
        await File.WriteAllTextAsync(_directory.File, new string('x', 10_000));

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(() => _directory.OpenAsync());

        Assert.Contains("no database", refused.Message, StringComparison.Ordinal);
        Assert.Contains(_directory.File, refused.Message, StringComparison.Ordinal);
    }
}
