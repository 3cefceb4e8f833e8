using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>How SQLite erases: in steps, and for good.</summary>
public sealed class SqliteEraseTests : IDisposable
{
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_erasing_that_stopped_half_way_leaves_a_twin_that_is_read_and_erased_again()
    {
        await using (SqliteTwinStore store = await _directory.OpenAsync())
        {
            await store.Commit([.. Enumerable.Range(1, 1_200).Select(revision => Turn(Turbine, revision))]);
            await store.Commit(Snapshot(Turbine, 900));
        }

        SqliteDatabase database = new(_directory.Path, null);
        using (StoreReader reader = new(database))
        using (StoreWriter writer = new(database, new LimitOptions(), TimeProvider.System, NullLogger.Instance))
        {
            ErasePlan plan = reader.PlanErasing(Turbine, 1_151)!;
            Assert.Equal(1_150, plan.TurnIds.Count);
            writer.Erase(plan, from: 0);
        }

        await using SqliteTwinStore again = await _directory.OpenAsync();
        Assert.Equal(
            Enumerable.Range(501, 700), (await again.Load(Turbine)).Tail.Select(turn => (int)turn.Revision));
        await again.EraseAsync(Turbine, 1_151, CancellationToken.None);
        Assert.Equal(
            Enumerable.Range(1_151, 50), (await again.Load(Turbine)).Tail.Select(turn => (int)turn.Revision));
        Assert.Equal(50, CountTurns());
    }

    [Fact]
    public async Task Erased_bytes_are_gone_from_the_file()
    {
        string secret = "heart rate 143 of a patient";
        await using (SqliteTwinStore store = await _directory.OpenAsync())
        {
            await store.Commit(Turn(Turbine, 1, secret), Turn(Turbine, 2));
            Assert.True(FilesContain(secret));
            await store.EraseAsync(Turbine, 2, CancellationToken.None);
        }

        Assert.False(FilesContain(secret));
    }

    private bool FilesContain(string text) => Directory.EnumerateFiles(_directory.Path)
        .Any(file => Read(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    private static byte[] Read(string file)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private long CountTurns()
    {
        using SqliteConnection connection = new($"Data Source={_directory.File};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM turn";
        return (long)command.ExecuteScalar()!;
    }
}
