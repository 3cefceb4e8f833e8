using Microsoft.Data.Sqlite;

namespace TwinGrid.Tests.Storage;

/// <summary>A SQLite file of one test's own.</summary>
public sealed class SqliteHome : StoreHome
{
    private readonly StoreDirectory _directory = new();

    public override string Place => "TwinGrid:DataDirectory";

    public override Task<int> ExecuteAsync(string sql) => Task.FromResult(_directory.Execute(sql));

    public override async Task<object?> ReadAsync(string sql)
    {
        await using SqliteConnection connection = new($"Data Source={_directory.File};Pooling=False");
        await connection.OpenAsync();
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync();
    }

    protected override async Task<ITwinStore> OpenStoreAsync(
        LimitOptions limits, TimeProvider clock, TestLog? log) =>
        await _directory.OpenAsync(limits, clock, log?.For<TwinGrid.Storage.Sqlite.SqliteTwinStore>());

    protected override ITwinStore MakeStore(LimitOptions limits, TimeProvider clock) => _directory.Make(limits, clock);

    protected override ValueTask EndAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
