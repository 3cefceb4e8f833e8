using Microsoft.Extensions.Logging;
using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Commits groups of turns on one connection, opens another one when that is lost, and finds out what became of a
/// group whose commit was not answered before anybody hears of it. Thread-safe; one group at a time.
/// </summary>
internal sealed partial class TurnWriter(
    PostgreSqlDatabase database,
    NpgsqlDataSource source,
    Incarnation incarnation,
    LastCommitted? last,
    TimeProvider clock,
    ILogger logger) : IAsyncDisposable
{
    /// <summary>How long a lost session may still work on the server before this writer gives up for now.</summary>
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(10);

    private const string EndSql = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2
        """;

    // Of a turn that was sealed and taken from the log, or erased, nothing is left that tells it from another's.
    private const string LandedSql = """
        SELECT u.place, t.revision IS NOT NULL
        FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::integer[]) WITH ORDINALITY
            AS u(kind, key, revision, time, crc, place)
        JOIN twin w ON w.tenant = $6 AND w.kind = u.kind AND w.key = u.key
        LEFT JOIN turn t ON t.twin_id = w.twin_id AND t.revision = u.revision
        WHERE (t.time = u.time AND t.crc = u.crc) OR (t.revision IS NULL AND u.revision < w.erased_before)
        """;

    private readonly SemaphoreSlim _turnstile = new(1);
    private readonly HashSet<TurnKey> _landed = [];
    private readonly HashSet<TurnKey> _untold = [];
    private TurnSession? _session;
    private int? _lost;
    private IReadOnlyList<TwinTurn>? _doubtful;
    private bool _fenced;
    private bool _closed;

    /// <summary>
    /// Commits a group. Where the server cannot be reached, or does not answer in time, the same turns may be sent
    /// again: those that were committed all the same are known by then.
    /// </summary>
    /// <exception cref="TwinGridUnavailableException">Not now; send it again.</exception>
    /// <exception cref="TwinGridNotCommittedException">The database refuses, and kept nothing.</exception>
    /// <exception cref="TwinGridException">What became of the group is not known.</exception>
    public async Task<CommitResult> CommitAsync(
        IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken cancellationToken)
    {
        await _turnstile.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_closed)
            {
                throw PostgreSqlTwinStore.Closed();
            }

            bool isRested = _session is not null;
            try
            {
                return await CommitOnceAsync(turns, snapshots, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (isRested && WasLost(e))
            {
                // It may have rested since long, or was ended by whoever took over: that says nothing of the server,
                // and another connection will tell.
                LogSessionLost(database.Name, e.Message);
                return await CommitOnceAsync(turns, snapshots, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException and not ObjectDisposedException)
        {
            throw await ExplainAsync(e).ConfigureAwait(false);
        }
        finally
        {
            _turnstile.Release();
        }
    }

    /// <summary>Ends the commit under way and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turnstile.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _closed = true;
        if (_session is not null)
        {
            await _session.DisposeAsync().ConfigureAwait(false);
            _session = null;
        }

        last?.Dispose();
        _turnstile.Release();
    }

    private static bool WasLost(Exception failure) =>
        PostgreSqlDatabase.MayPass(failure) && failure is not NpgsqlException { InnerException: TimeoutException };

    /// <summary>A failure that does not pass is told as one that kept nothing where that is so.</summary>
    private async Task<TwinGridException> ExplainAsync(Exception failure)
    {
        TwinGridException explained = database.Explain(failure);
        if (explained is TwinGridUnavailableException || ReferenceEquals(explained, failure))
        {
            return explained;
        }

        if (_doubtful is not null)
        {
            try
            {
                _session = await OpenAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (PostgreSqlDatabase.MayPass(e) || e is TwinGridUnavailableException)
            {
                // What became of the group is found out when it is sent again.
                return new TwinGridUnavailableException(explained.Message, failure);
            }
        }

        return _landed.Count == 0 && _untold.Count == 0
            ? new TwinGridNotCommittedException(explained.Message, failure)
            : explained;
    }

    private async Task<CommitResult> CommitOnceAsync(
        IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken cancellationToken)
    {
        TurnSession session = _session ??= await OpenAsync(cancellationToken).ConfigureAwait(false);
        if (_untold.Count > 0)
        {
            bool isUntold = turns.Any(turn => _untold.Contains(TurnKey.Of(turn)));
            _untold.Clear();
            if (isUntold)
            {
                throw new TwinGridException(
                    $"The store {database.Name} was away for so long that turns of a commit that it did not answer may "
                    + "have been sealed or erased since: what became of them is not known.");
            }
        }

        return await CommitAsync(session, turns, snapshots).ConfigureAwait(false);
    }

    private async Task<CommitResult> CommitAsync(
        TurnSession session, IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots)
    {
        TurnGroup group = new(turns, snapshots, _landed);
        CommitResult? result;
        try
        {
            result = await session.CommitAsync(group).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever happened, this session is not used any more.
            _session = null;
            _lost = session.ProcessId;
            _doubtful = session.MayHaveCommitted && !PostgreSqlDatabase.HasRolledBack(e) ? turns : null;
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        _landed.Clear();
        if (result is null)
        {
            NoteFenced();
            return group.AllFenced();
        }

        NoteLast(group);
        return result.Value;
    }

    // The turns are committed whatever becomes of the note.
    private void NoteLast(TurnGroup group)
    {
        try
        {
            last?.Note(group.Rows);
        }
        catch (IOException e)
        {
            LogNotNoted(database.Name, e.Message);
        }
    }

    private async Task<TurnSession> OpenAsync(CancellationToken cancellationToken)
    {
        TurnSession session = await TurnSession.OpenAsync(source, incarnation, cancellationToken).ConfigureAwait(false);
        try
        {
            if (_lost is { } process)
            {
                await EndLostAsync(session.Connection, process, cancellationToken).ConfigureAwait(false);
                _lost = null;
            }

            if (_doubtful is { } turns)
            {
                await FindLandedAsync(session.Connection, turns, cancellationToken).ConfigureAwait(false);
                _doubtful = null;
            }

            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Ends the session that was lost and waits until it is gone: as long as it works its commit may still come, and
    /// looking for its rows would say nothing.
    /// </summary>
    private async Task EndLostAsync(NpgsqlConnection connection, int process, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        while (await IsThereAsync(connection, process, cancellationToken).ConfigureAwait(false))
        {
            if (clock.GetElapsedTime(start) > LongestEnd)
            {
                throw new TwinGridUnavailableException(
                    $"The store {database.Name} did not answer: process {process} of the server still works on a "
                    + "commit and does not end.");
            }

            await Task.Delay(BetweenLooks, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> IsThereAsync(NpgsqlConnection connection, int process, CancellationToken cancellationToken)
    {
        NpgsqlCommand end = new(EndSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<int> { TypedValue = process },
                new NpgsqlParameter<string> { TypedValue = incarnation.ApplicationName },
            },
        };
        await using (end.ConfigureAwait(false))
        {
            return await end.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not null;
        }
    }

    private async Task FindLandedAsync(
        NpgsqlConnection connection, IReadOnlyList<TwinTurn> turns, CancellationToken cancellationToken)
    {
        TurnKey[] keys = [.. turns.Select(TurnKey.Of)];
        NpgsqlCommand find = new(LandedSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(keys, static k => k.Twin.Kind) },
                new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(keys, static k => k.Twin.Key) },
                new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(keys, static k => k.Revision) },
                new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(keys, static k => k.Time) },
                new NpgsqlParameter<int[]> { TypedValue = Array.ConvertAll(keys, static k => (int)k.Checksum) },
                new NpgsqlParameter<string> { TypedValue = TwinId.DefaultTenant },
            },
        };
        _landed.Clear();
        _untold.Clear();
        await using (find.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await find.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    (row.GetBoolean(1) ? _landed : _untold).Add(keys[row.GetInt64(0) - 1]);
                }
            }
        }

        LogResolved(database.Name, _landed.Count, keys.Length);
    }

    private void NoteFenced()
    {
        if (!_fenced)
        {
            _fenced = true;
            LogFenced(database.Name, incarnation.Number);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Store {Store}: the connection was lost ({Why}); another is opened")]
    private partial void LogSessionLost(string store, string why);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Store {Store}: a commit was not answered; {Landed} of its {Turns} turns are in the log")]
    private partial void LogResolved(string store, int landed, int turns);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Store {Store}: how far the log goes could not be noted ({Why}); its turns are committed")]
    private partial void LogNotNoted(string store, string why);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Store {Store}: another silo took over; incarnation {Incarnation} is fenced, keeps nothing")]
    private partial void LogFenced(string store, long incarnation);
}
