using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

public sealed class StoreSchemaTests : IDisposable
{
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_newer_major_schema_is_refused_and_left_as_it_is()
    {
        await (await _directory.OpenAsync()).DisposeAsync();
        _directory.Execute("UPDATE schema_version SET major = 2");
        byte[] before = await File.ReadAllBytesAsync(_directory.File);

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(() => _directory.OpenAsync());

        Assert.Contains("schema 2", refused.Message, StringComparison.Ordinal);
        Assert.Contains("TwinGrid:DataDirectory", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(_directory.File));
    }

    [Fact]
    public async Task A_newer_minor_schema_is_read_and_written()
    {
        await using (SqliteTwinStore store = await _directory.OpenAsync())
        {
            await store.Commit(Turn(Turbine, 1));
        }

        _directory.Execute("UPDATE schema_version SET minor = minor + 1; ALTER TABLE twin ADD COLUMN later TEXT;");

        await using SqliteTwinStore again = await _directory.OpenAsync();
        Assert.Equal([CommitOutcome.Committed], await again.Commit(Turn(Turbine, 2)));
    }

    [Fact]
    public async Task A_database_of_schema_1_0_gets_what_it_lacks_and_keeps_what_it_has()
    {
        _directory.Execute(FirstSchema.Sql);
        await using (SqliteTwinStore store = await _directory.OpenAsync())
        {
            Assert.Equal(["inputs of 1.0"], (await store.Load(Turbine)).Tail.Select(turn => turn.Inputs.Text()));
            await store.Save(new StoredSession { Client = "device", ExpirySeconds = 60, State = default });
        }

        await using SqliteTwinStore again = await _directory.OpenAsync();
        Assert.Single(await again.Sessions());
        Assert.Equal([CommitOutcome.Committed], await again.Commit(Turn(Turbine, 2)));
        using SqliteConnection connection = new SqliteDatabase(_directory.Path, null).Open(1_024);
        Assert.Equal("1.6", Read(connection, "SELECT major || '.' || minor FROM schema_version"));
    }

    [Fact]
    public async Task A_migrated_database_has_the_tables_of_a_new_one()
    {
        using StoreDirectory made = new();
        await (await made.OpenAsync()).DisposeAsync();
        _directory.Execute(FirstSchema.Sql);
        await (await _directory.OpenAsync()).DisposeAsync();

        Assert.Equal(Tables(made), Tables(_directory));
    }

    [Fact]
    public async Task Ten_that_start_at_once_make_one_schema()
    {
        SqliteTwinStore[] stores = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => _directory.OpenAsync()));

        int committed = 0;
        foreach (SqliteTwinStore store in stores)
        {
            await using (store)
            {
                committed += (await store.Commit(Turn(Turbine, 1)))[0] == CommitOutcome.Committed ? 1 : 0;
            }
        }

        // The others were fenced by the one that opened last.
        Assert.Equal(1, committed);
    }

    [Fact]
    public async Task The_log_is_synced_at_every_commit()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        using SqliteConnection connection = new SqliteDatabase(_directory.Path, null).Open(1_024);

        Assert.Equal("wal", Pragma(connection, "journal_mode"));
        Assert.Equal(2L, Pragma(connection, "synchronous"));
    }

    [Fact]
    public async Task A_directory_that_is_not_there_is_made()
    {
        string nested = Path.Combine(_directory.Path, "a", "b");
        await using SqliteTwinStore store = new(
            new SqliteDatabase(nested, null),
            new LimitOptions(),
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<SqliteTwinStore>.Instance);

        await store.InitializeAsync(CancellationToken.None);

        Assert.True(File.Exists(Path.Combine(nested, "twingrid.db")));
    }

    [Fact]
    public void A_connection_string_that_is_none_is_an_error_that_names_its_key()
    {
        TwinGridException refused = Assert.Throws<TwinGridException>(
            () => new SqliteDatabase(_directory.Path, "Host=localhost;Username=twingrid"));

        Assert.Contains("TwinGrid:Storage:ConnectionString", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_string_may_name_another_file()
    {
        string elsewhere = Path.Combine(_directory.Path, "elsewhere.db");

        Assert.Equal(elsewhere, new SqliteDatabase(_directory.Path, $"Data Source={elsewhere}").File);
        Assert.Equal(_directory.File, new SqliteDatabase(_directory.Path, "Default Timeout=5").File);
    }

    private static object? Pragma(SqliteConnection connection, string name) => Read(connection, $"PRAGMA {name}");

    private static object? Read(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static object? Tables(StoreDirectory directory)
    {
        using SqliteConnection connection = new SqliteDatabase(directory.Path, null).Open(1_024);
        return Read(
            connection,
            "SELECT group_concat(name || ': ' || sql, char(10)) FROM (SELECT * FROM sqlite_schema ORDER BY name)");
    }
}
