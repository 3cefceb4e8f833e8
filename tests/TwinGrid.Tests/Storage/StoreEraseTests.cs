using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using TwinGrid.Storage.Sqlite;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

public sealed class StoreEraseTests : IDisposable
{
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Erasing_takes_the_turns_before_a_revision_and_no_others()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        TwinId other = new("turbine", "t08");
        for (int revision = 1; revision <= 1_200; revision += 2)
        {
            await store.Commit(
                Turn(Turbine, revision), Turn(Turbine, revision + 1), Turn(other, revision), Turn(other, revision + 1));
        }

        await store.Commit(Snapshot(Turbine, 1_198));
        await store.EraseAsync(Turbine, 1_150, CancellationToken.None);
        StoredTwin twin = await store.Load(Turbine);

        Assert.Equal(1_198, twin.Snapshot!.Revision);
        Assert.Equal([1_199L, 1_200L], twin.Tail.Select(turn => turn.Revision));
        Assert.Equal(1_200, (await store.Load(other)).Tail.Count);
        Assert.Equal(51 + 1_200, CountTurns());
    }

    [Fact]
    public async Task Erasing_takes_a_snapshot_that_the_rest_cannot_continue()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        await store.Commit(Turn(Turbine, 1), Turn(Turbine, 2), Turn(Turbine, 3), Turn(Turbine, 4, "deleted"));
        await store.Commit(Snapshot(Turbine, 2, "what was", nextDue: 9));

        await store.EraseAsync(Turbine, 4, CancellationToken.None);
        StoredTwin twin = await store.Load(Turbine);

        Assert.Null(twin.Snapshot);
        Assert.Equal(["deleted"], twin.Tail.Select(turn => turn.Inputs.Text()));
        Assert.Equal([Turbine], await store.Due());
    }

    [Fact]
    public async Task An_erased_twin_goes_on_with_its_next_revision()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        await store.Commit(Turn(Turbine, 1), Turn(Turbine, 2));
        await store.EraseAsync(Turbine, long.MaxValue, CancellationToken.None);
        Assert.Empty((await store.Load(Turbine)).Tail);

        // The rows of erased turns may be given to others: nothing of them may come back.
        await store.Commit(Turn(new TwinId("turbine", "t08"), 1), Turn(new TwinId("turbine", "t09"), 1));
        Assert.Equal([CommitOutcome.Fenced], await store.Commit(Turn(Turbine, 1)));
        Assert.Equal([CommitOutcome.Committed], await store.Commit(Turn(Turbine, 3, "anew")));

        Assert.Equal(["anew"], (await store.Load(Turbine)).Tail.Select(turn => turn.Inputs.Text()));
    }

    [Fact]
    public async Task Erasing_twice_or_an_unknown_twin_changes_nothing()
    {
        await using SqliteTwinStore store = await _directory.OpenAsync();
        await store.Commit(Turn(Turbine, 1), Turn(Turbine, 2), Turn(Turbine, 3));

        await store.EraseAsync(Turbine, 3, CancellationToken.None);
        await store.EraseAsync(Turbine, 2, CancellationToken.None);
        await store.EraseAsync(new TwinId("turbine", "unheard"), 3, CancellationToken.None);

        Assert.Equal([3L], (await store.Load(Turbine)).Tail.Select(turn => turn.Revision));
    }

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
