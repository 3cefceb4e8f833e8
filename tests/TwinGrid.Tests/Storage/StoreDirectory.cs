using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TwinGrid.Storage.Sqlite;

namespace TwinGrid.Tests.Storage;

/// <summary>A directory of one test with the real database file in it, and short words for what goes into it.</summary>
internal sealed class StoreDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("twingrid-store-").FullName;

    public string File => System.IO.Path.Combine(Path, "twingrid.db");

    public string HistoryPath => System.IO.Path.Combine(Path, "twingrid-history");

    public static TwinId Turbine { get; } = new("turbine", "t07");

    public static TwinTurn Turn(TwinId twin, long revision, string inputs = "inputs") => new()
    {
        Twin = twin,
        Revision = revision,
        Time = 1_790_000_000_000_000 + revision,
        FoldVersion = 1,
        Inputs = Encoding.UTF8.GetBytes(inputs),
    };

    public static StoredSnapshot Snapshot(
        TwinId twin, long revision, string state = "state", long? nextDue = null) => new()
        {
            Twin = twin,
            Revision = revision,
            FoldVersion = 1,
            NextDue = nextDue,
            State = Encoding.UTF8.GetBytes(state),
        };

    public async Task<SqliteTwinStore> OpenAsync(
        LimitOptions? limits = null,
        TimeProvider? clock = null,
        ILogger<SqliteTwinStore>? logger = null,
        Action<TwinGridException>? broken = null)
    {
        SqliteTwinStore store = Make(limits, clock, logger, broken);
        try
        {
            await store.InitializeAsync(CancellationToken.None);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>A store that nobody opened; whoever asks closes it.</summary>
    public SqliteTwinStore Make(
        LimitOptions? limits = null,
        TimeProvider? clock = null,
        ILogger<SqliteTwinStore>? logger = null,
        Action<TwinGridException>? broken = null) => new(
            new SqliteDatabase(Path, null, broken),
            limits ?? new LimitOptions(),
            clock ?? TimeProvider.System,
            logger ?? NullLogger<SqliteTwinStore>.Instance);

    /// <summary>A copy of the files as they are now: what a crash would leave.</summary>
    public StoreDirectory Crash()
    {
        StoreDirectory crashed = new();
        System.IO.File.Copy(File, crashed.File);
        System.IO.File.Copy(File + "-wal", crashed.File + "-wal");
        return crashed;
    }

    /// <summary>What <c>verify</c> finds.</summary>
    public async Task<List<StoreDamage>> VerifyAsync(TimeProvider? clock = null, StoreTally? tally = null)
    {
        await using SqliteTwinStore store = Make(clock: clock);
        return await store.FindDamagesAsync(tally);
    }

    /// <summary>Changes the database behind the store's back.</summary>
    public int Execute(string sql) => Execute(File, sql);

    /// <summary>Changes one of the store's files behind its back.</summary>
    public static int Execute(string file, string sql)
    {
        using SqliteConnection connection = new($"Data Source={file};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The test writes it.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteNonQuery();
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

internal static class StoreWords
{
    public static Task<IReadOnlyList<CommitOutcome>> Commit(this ITwinStore store, params TwinTurn[] turns) =>
        store.CommitAsync(turns, [], CancellationToken.None);

    public static Task<IReadOnlyList<CommitOutcome>> Commit(this ITwinStore store, params StoredSnapshot[] snapshots) =>
        store.CommitAsync([], snapshots, CancellationToken.None);

    public static Task<StoredTwin> Load(this ITwinStore store, TwinId twin) =>
        store.LoadAsync(twin, CancellationToken.None);

    public static async Task<List<TwinId>> Due(this ITwinStore store)
    {
        List<TwinId> due = [];
        await foreach (TwinId twin in store.ReadDueAsync(CancellationToken.None))
        {
            due.Add(twin);
        }

        return due;
    }

    public static async Task<List<StoreDamage>> FindDamagesAsync(this ITwinStore store, StoreTally? tally = null)
    {
        List<StoreDamage> found = [];
        await foreach (StoreDamage damage in store.VerifyAsync(tally ?? new StoreTally(), CancellationToken.None))
        {
            found.Add(damage);
        }

        return found;
    }

    public static string Text(this ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
