using TwinGrid.Storage.PostgreSql;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>An older database in the place of a newer one is told apart from one that merely starts again.</summary>
public sealed class PostgreSqlRestoreTests : IAsyncLifetime
{
    private readonly PostgreSqlHome _home = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("twingrid-notes-").FullName;

    private string NoteFile => Path.Combine(_directory, "not", "there", "yet.last");

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task An_older_state_of_the_life_that_wrote_last_is_told_by_its_turns_once()
    {
        await using (PostgreSqlTwinStore store = await OpenAsync(new SteppingClock()))
        {
            await store.Commit(Turn(Turbine, 1));
            await store.Commit(Turn(Turbine, 2));
        }

        // What a dump has that was made between both.
        await _home.ExecuteAsync("DELETE FROM turn WHERE revision = 2");

        string told = Assert.Single(await ErrorsOfAStartAsync());
        Assert.Contains("older than what was last written", told, StringComparison.Ordinal);
        Assert.Empty(await ErrorsOfAStartAsync());
    }

    [Fact]
    public async Task An_older_state_of_an_earlier_life_is_told_and_no_number_is_given_again()
    {
        await using (PostgreSqlTwinStore store = await OpenAsync())
        {
            await store.Commit(Turn(Turbine, 1));
        }

        for (int life = 2; life <= 4; life++)
        {
            Assert.Empty(await ErrorsOfAStartAsync());
        }

        await _home.ExecuteAsync("""
            DELETE FROM silo_incarnation WHERE incarnation > 1;
            SELECT setval(pg_get_serial_sequence('silo_incarnation', 'incarnation'), 1)
            """);

        Assert.Single(await ErrorsOfAStartAsync());

        Assert.Equal(5L, await _home.ReadAsync("SELECT max(incarnation) FROM silo_incarnation"));
    }

    [Fact]
    public async Task A_start_after_a_stop_or_an_erasing_is_none_nor_is_another_database()
    {
        await using (PostgreSqlTwinStore store = await OpenAsync(new SteppingClock()))
        {
            await store.Commit(Turn(Turbine, 1));
            await store.Commit(Turn(Turbine, 2));
            await store.EraseAsync(Turbine, 3, CancellationToken.None);
        }

        Assert.Empty(await ErrorsOfAStartAsync());
        await using PostgreSqlHome other = new();
        await other.InitializeAsync();
        TestLog log = new();
        await using (await other.OpenAsync(Silo(), log: log))
        {
            Assert.Empty(log.Errors);
        }

        Assert.Empty(await ErrorsOfAStartAsync());
        await File.WriteAllTextAsync(NoteFile, "torn");
        Assert.Empty(await ErrorsOfAStartAsync());
    }

    [Fact]
    public async Task Without_a_place_for_notes_the_store_works()
    {
        TestLog log = new();
        await using PostgreSqlTwinStore store = await _home.OpenAsync(
            new StoreOwner("twingrid", "silo", IsAlone: true, "/proc/not/writable"), log: log);

        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 1)));
        Assert.Empty(log.Errors);
    }

    private StoreOwner Silo() => new("twingrid", "silo", IsAlone: true, NoteFile);

    private Task<PostgreSqlTwinStore> OpenAsync(TimeProvider? clock = null) => _home.OpenAsync(Silo(), clock);

    private async Task<IReadOnlyList<string>> ErrorsOfAStartAsync()
    {
        TestLog log = new();
        await using PostgreSqlTwinStore store = await _home.OpenAsync(Silo(), log: log);
        return log.Errors;
    }
}
