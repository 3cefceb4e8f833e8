using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// The one connection that commits turns: its transactions, in as few round trips as they take. After any failure it is
/// closed and another one opened, and <see cref="MayHaveCommitted"/> says whether the server may have committed all
/// the same. One caller at a time.
/// </summary>
internal sealed class TurnSession : IAsyncDisposable
{
    /// <summary>
    /// Groups of more turns go as COPY, which takes two round trips more and is streamed. CPU in all, server and
    /// client, of INSERT and of COPY, µs a row of 120 bytes (medians of three rounds, 10,000 twins, 2 cores that others
    /// used as well): 92 and 219 for groups of 8, 76 and 67 of 16, 43 and 59 of 32, 27 and 37 of 64, 22 and 25 of 128,
    /// 18 and 20 of 256, 21 and 19 of 512. Latencies differed by less than from round to round (p50 of 64: 2.9 and
    /// 2.5 ms, of 256: 5.8 and 5.5, of 512: 12.4 and 12.9).
    /// </summary>
    private const int MostInserted = 256;

    private readonly NpgsqlConnection _connection;
    private readonly Incarnation _incarnation;
    private readonly TwinNumbers _numbers = new();
    private readonly TurnInsertion _insertion;

    private TurnSession(NpgsqlConnection connection, Incarnation incarnation)
    {
        _connection = connection;
        _incarnation = incarnation;
        ProcessId = connection.ProcessID;
        _insertion = new TurnInsertion(connection, incarnation);
    }

    /// <summary>The server's process that serves it.</summary>
    public int ProcessId { get; }

    /// <summary>True from the moment that the server was told to commit until it said that it has.</summary>
    public bool MayHaveCommitted { get; private set; }

    /// <summary>The connection, for questions between two transactions.</summary>
    public NpgsqlConnection Connection => _connection;

    /// <summary>Opens a connection of its own.</summary>
    public static async Task<TurnSession> OpenAsync(
        NpgsqlDataSource source, Incarnation incarnation, CancellationToken cancellationToken) =>
        new(await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false), incarnation);

    /// <summary>Commits a group; null when the incarnation was fenced and nothing was kept.</summary>
    public async Task<CommitResult?> CommitAsync(TurnGroup group)
    {
        await _numbers.LearnAsync(_connection, group.Twins(), _incarnation.Number).ConfigureAwait(false);
        group.Number(_numbers);
        if (group.Rows.Count <= MostInserted)
        {
            return await InsertAsync(group).ConfigureAwait(false);
        }

        try
        {
            return await CopyAsync(group).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation && !MayHaveCommitted)
        {
            // Another silo committed one of the revisions since they were looked at.
            await RollbackAsync().ConfigureAwait(false);
            return await InsertAsync(group).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <summary>The normal path: those that do not follow are found first, the others are streamed in.</summary>
    private async Task<CommitResult?> CopyAsync(TurnGroup group)
    {
        if (!await BeginCopyAsync(group).ConfigureAwait(false))
        {
            await RollbackAsync().ConfigureAwait(false);
            return null;
        }

        await TurnCopy.WriteAsync(_connection, group.Rows).ConfigureAwait(false);
        return await FinishAsync(group).ConfigureAwait(false);
    }

    private async Task<bool> BeginCopyAsync(TurnGroup group)
    {
        TurnRow[] firsts = [.. group.Rows.Where(static row => row.IsFirst)];
        HashSet<long> behind = [];
        NpgsqlBatch batch = new(_connection)
        {
            BatchCommands = { new NpgsqlBatchCommand("BEGIN"), _incarnation.LockCommand(), TurnCopy.Behind(firsts) },
        };
        await using (batch.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                bool current = await row.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                await row.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
                while (await row.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    behind.Add(row.GetInt64(0));
                }

                if (!current)
                {
                    return false;
                }
            }
        }

        if (behind.Count > 0)
        {
            group.Fence(row => behind.Contains(row.Number));
        }

        return true;
    }

    /// <summary>
    /// For small groups, in one round trip where nothing depends on the answer; and for those in conflict.
    /// </summary>
    private async Task<CommitResult?> InsertAsync(TurnGroup group)
    {
        bool atOnce = !group.HasChains && !group.HasSnapshots && !group.ChangesListing
            && TurnInsertion.FitsAtOnce(group.Rows);
        MayHaveCommitted = atOnce;
        bool current = await _insertion.RunAsync(group, atOnce).ConfigureAwait(false);
        if (!atOnce && !current)
        {
            await RollbackAsync().ConfigureAwait(false);
        }
        else if (!atOnce)
        {
            return await FinishAsync(group).ConfigureAwait(false);
        }

        MayHaveCommitted = false;
        group.Wrote(0, 0);
        return current ? group.Result() : null;
    }

    private async Task<CommitResult?> FinishAsync(TurnGroup group)
    {
        if (group.ChangesListing)
        {
            await TwinListing.ChangeAsync(_connection, group.Rows).ConfigureAwait(false);
        }

        (int saved, long bytes) = await SnapshotSaving
            .RunAsync(_connection, group.Snapshots(_numbers)).ConfigureAwait(false);
        MayHaveCommitted = true;
        await PostgreSqlSchema.ExecuteAsync(_connection, "COMMIT", CancellationToken.None).ConfigureAwait(false);
        MayHaveCommitted = false;
        group.Wrote(saved, bytes);
        return group.Result();
    }

    private Task RollbackAsync() =>
        PostgreSqlSchema.ExecuteAsync(_connection, "ROLLBACK", CancellationToken.None);
}
