using Npgsql;
using TwinGrid.Storage.PostgreSql;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage.PostgreSql;

public sealed class PostgreSqlSchemaTests : IAsyncLifetime
{
    private const string Tables = """
        SELECT string_agg(
            format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, collation_name), E'\n'
            ORDER BY table_name, ordinal_position)
        FROM information_schema.columns WHERE table_schema = current_schema()
        """;

    private readonly PostgreSqlHome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Ten_that_start_at_once_make_one_schema()
    {
        ITwinStore[] stores = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => Task.Run(() => _home.OpenAsync())));

        int committed = 0;
        foreach (ITwinStore store in stores)
        {
            committed += (await store.Commit(Turn(Turbine, 1)))[0] == CommitOutcome.Committed ? 1 : 0;
        }

        // The others were fenced by the one that opened last.
        Assert.Equal(1, committed);
        Assert.Equal(1, await _home.CountAsync("schema_version"));
        Assert.Equal(10, await _home.CountAsync("silo_incarnation"));
    }

    [Fact]
    public async Task A_newer_major_schema_is_refused_and_left_as_it_is()
    {
        await _home.WhileOpenAsync(_ => Task.CompletedTask);
        await _home.ExecuteAsync("UPDATE schema_version SET major = 2");

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(() => _home.OpenAsync());

        Assert.Contains("schema 2", refused.Message, StringComparison.Ordinal);
        Assert.Contains("TwinGrid:Storage:ConnectionString", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, await _home.CountAsync("silo_incarnation"));
    }

    [Fact]
    public async Task A_newer_minor_schema_is_read_and_written()
    {
        await _home.WhileOpenAsync(store => store.Commit(Turn(Turbine, 1)));
        await _home.ExecuteAsync("UPDATE schema_version SET minor = minor + 1; ALTER TABLE turn ADD COLUMN later text");

        ITwinStore again = await _home.OpenAsync();

        Assert.Equal([CommitOutcome.Committed], await again.Commit(Turn(Turbine, 2)));
    }

    [Fact]
    public async Task A_database_of_schema_1_0_gets_what_it_lacks_and_keeps_what_it_has()
    {
        await using PostgreSqlHome made = new();
        await made.InitializeAsync();
        await made.OpenAsync();
        await _home.ExecuteAsync($"CREATE SCHEMA {_home.Schema}");
        await _home.ExecuteAsync(FirstPostgreSqlSchema.Sql);

        ITwinStore store = await _home.OpenAsync();

        Assert.Equal(["inputs of 1.0"], (await store.Load(Turbine)).Tail.Select(turn => turn.Inputs.Text()));
        Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, 1)));
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 2)));
        Assert.Equal(await made.ReadAsync(Tables), await _home.ReadAsync(Tables));
    }

    [Fact]
    public async Task The_server_syncs_every_commit_even_where_its_default_is_not_to()
    {
        await using PostgreSqlTwinStore store = new(
            new PostgreSqlDatabase($"{_home.ConnectionString};Options=-c synchronous_commit=off"),
            new StoreOwner("twingrid", "silo", IsAlone: true),
            new LimitOptions(),
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<PostgreSqlTwinStore>.Instance);
        await store.InitializeAsync(CancellationToken.None);
        await store.Commit(Turn(Turbine, 1));

        // A transaction's own view: the trigger runs where the commit does.
        await _home.ExecuteAsync("""
            CREATE TABLE seen (value text);
            CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO seen VALUES (current_setting(''synchronous_commit'')); RETURN NEW; END';
            CREATE TRIGGER look AFTER INSERT ON turn FOR EACH ROW EXECUTE FUNCTION look()
            """);
        await store.Commit(Turn(Turbine, 2));

        Assert.Equal("on", await _home.ReadAsync("SELECT value FROM seen"));
    }

    [Theory]
    [InlineData(null, "is missing")]
    [InlineData(" ", "is missing")]
    [InlineData("Database=twingrid;Password=hush-hush", "names no Host")]
    [InlineData("Host=127.0.0.1;Password=hush;hush=hush", "is not a connection string")]
    [InlineData("hush", "is not a connection string")]
    [InlineData("Host=127.0.0.1;Port=hush;Password=hush", "is not a connection string")]
    public void A_connection_string_that_is_none_is_told_by_its_key_and_not_shown(string? text, string problem)
    {
        TwinGridException refused = Assert.Throws<TwinGridException>(() => new PostgreSqlDatabase(text));

        Assert.Contains("TwinGrid:Storage:ConnectionString", refused.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=10.0.0.1", GssEncryptionMode.Disable)]
    [InlineData("Host=10.0.0.1;GSS Encryption Mode=Require", GssEncryptionMode.Require)]
    public void Kerberos_encrypts_only_where_the_connection_string_says_so(string text, GssEncryptionMode expected) =>
        Assert.Equal(expected, new NpgsqlConnectionStringBuilder(
            new PostgreSqlDatabase(text).ConnectionString("test", pooled: true)).GssEncryptionMode);

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=u;Password=hush", "no PostgreSQL answers there")]
    [InlineData("Database=nowhere;Password=hush", "\"nowhere\" does not exist")]
    [InlineData("Username=nobody;Password=hush", "\"nobody\" does not exist")]
    [InlineData("Username=guarded;Password=hush", "the password or the user name is wrong")]
    [InlineData("SSL Mode=Require;Password=hush", "SSL")]
    public async Task A_server_that_cannot_be_used_stops_the_start_with_one_sentence(string part, string problem)
    {
        PostgreSqlServer server = await PostgreSqlServer.SharedAsync();
        await server.GuardAsync("guarded");
        await using PostgreSqlTwinStore store = new(
            new PostgreSqlDatabase($"{server.ConnectionString};{part}"),
            new StoreOwner("twingrid", "silo", IsAlone: true),
            new LimitOptions(),
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<PostgreSqlTwinStore>.Instance);

        TwinGridException refused = await Assert.ThrowsAsync<TwinGridException>(
            () => store.InitializeAsync(CancellationToken.None));

        Assert.StartsWith("TwinGrid:Storage:ConnectionString: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", refused.ToString(), StringComparison.Ordinal);
    }
}
