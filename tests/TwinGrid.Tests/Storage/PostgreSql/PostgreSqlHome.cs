using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using TwinGrid.Storage.PostgreSql;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>A schema of one test's own in the assembly's PostgreSQL.</summary>
public sealed class PostgreSqlHome : StoreHome
{
    private static int _homes;

    private readonly string _schema = $"test_{Environment.ProcessId}_{Interlocked.Increment(ref _homes)}";
    private PostgreSqlServer? _server;

    public override string Place => "TwinGrid:Storage:ConnectionString";

    public string Schema => _schema;

    public string ConnectionString => $"{_server!.ConnectionString};Search Path={_schema}";

    public override async ValueTask InitializeAsync() => _server = await PostgreSqlServer.SharedAsync();

    /// <summary>Opens a store for a silo; whoever asks closes it.</summary>
    internal async Task<PostgreSqlTwinStore> OpenAsync(
        StoreOwner owner, TimeProvider? clock = null, TestLog? log = null)
    {
        PostgreSqlTwinStore store = Make(owner, new LimitOptions(), clock ?? TimeProvider.System, log);
        try
        {
            await store.InitializeAsync(CancellationToken.None);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    protected override async Task<ITwinStore> OpenStoreAsync(LimitOptions limits, TimeProvider clock, TestLog? log)
    {
        PostgreSqlTwinStore store = Make(new StoreOwner("twingrid", "silo", IsAlone: true), limits, clock, log);
        await store.InitializeAsync(CancellationToken.None);
        return store;
    }

    protected override ITwinStore MakeStore(LimitOptions limits, TimeProvider clock) =>
        Make(new StoreOwner("twingrid", "silo", IsAlone: true), limits, clock, null);

    public override async Task<int> ExecuteAsync(string sql)
    {
        await using NpgsqlConnection connection = await ConnectAsync();
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteNonQueryAsync();
    }

    public override async Task<object?> ReadAsync(string sql)
    {
        await using NpgsqlConnection connection = await ConnectAsync();
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    protected override async ValueTask EndAsync()
    {
        if (_server is not null)
        {
            await ExecuteAsync($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        }
    }

    private PostgreSqlTwinStore Make(StoreOwner owner, LimitOptions limits, TimeProvider clock, TestLog? log) => new(
        new PostgreSqlDatabase(ConnectionString),
        owner,
        limits,
        clock,
        log is null ? NullLogger<PostgreSqlTwinStore>.Instance : log.For<PostgreSqlTwinStore>());

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        NpgsqlConnection connection = new($"{ConnectionString};Pooling=false");
        await connection.OpenAsync();
        return connection;
    }
}
