using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>An older database in the place of a newer one is told apart from one that merely starts again.</summary>
public sealed class SqliteRestoreTests : IDisposable
{
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_older_state_that_was_restored_is_told_at_the_start_once(bool sameIncarnation)
    {
        string backup = Path.Combine(_directory.Path, "backup.db");
        SqliteTwinStore store = await _directory.OpenAsync();
        await store.Commit(Turn(Turbine, 1));
        Backup(backup);
        if (!sameIncarnation)
        {
            await store.DisposeAsync();
            store = await _directory.OpenAsync();
        }

        await store.DisposeAsync();
        await using (SqliteTwinStore more = await _directory.OpenAsync())
        {
            await more.Commit(Turn(Turbine, 2));
        }

        long newest = Incarnation();
        File.Copy(backup, _directory.File, overwrite: true);

        string told = Assert.Single(await ErrorsOfAStartAsync());
        Assert.Contains("older than what was last written", told, StringComparison.Ordinal);
        Assert.Equal(newest + 1, Incarnation());
        Assert.Empty(await ErrorsOfAStartAsync());
    }

    [Fact]
    public async Task A_backup_of_the_life_that_wrote_last_is_told_by_its_turns()
    {
        string backup = Path.Combine(_directory.Path, "backup.db");
        await using (SqliteTwinStore store = await _directory.OpenAsync(clock: new SteppingClock()))
        {
            await store.Commit(Turn(Turbine, 1));
            Backup(backup);
            await store.Commit(Turn(Turbine, 2));
        }

        File.Copy(backup, _directory.File, overwrite: true);

        Assert.Single(await ErrorsOfAStartAsync());
    }

    [Fact]
    public async Task A_start_after_a_stop_or_a_crash_or_an_erasing_is_none()
    {
        await using (SqliteTwinStore store = await _directory.OpenAsync(clock: new SteppingClock()))
        {
            await store.Commit(Turn(Turbine, 1));
            await store.Commit(Turn(Turbine, 2));
        }

        Assert.Empty(await ErrorsOfAStartAsync());
        await using (SqliteTwinStore store = await _directory.OpenAsync(clock: new SteppingClock()))
        {
            await store.Commit(Turn(Turbine, 3));
            await store.EraseAsync(Turbine, 4, CancellationToken.None);
        }

        Assert.Empty(await ErrorsOfAStartAsync());
        await File.WriteAllTextAsync(Path.ChangeExtension(_directory.File, ".last"), "torn");
        Assert.Empty(await ErrorsOfAStartAsync());
    }

    private void Backup(string file)
    {
        using SqliteConnection connection = new($"Data Source={_directory.File};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "VACUUM INTO $file";
        command.Parameters.AddWithValue("$file", file);
        command.ExecuteNonQuery();
    }

    private long Incarnation()
    {
        using SqliteConnection connection = new($"Data Source={_directory.File};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT max(incarnation) FROM silo_incarnation";
        return (long)command.ExecuteScalar()!;
    }

    private async Task<IReadOnlyList<string>> ErrorsOfAStartAsync()
    {
        TestLog log = new();
        await using SqliteTwinStore store = await _directory.OpenAsync(logger: log.For<SqliteTwinStore>());
        return log.Errors;
    }
}
