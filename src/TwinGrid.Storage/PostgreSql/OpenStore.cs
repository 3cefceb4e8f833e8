using System.Data;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// The connections of one incarnation: one that commits turns, a few for everything else. What can wait is tried again
/// for a while when the server is away. Thread-safe.
/// </summary>
internal sealed partial class OpenStore : IAsyncDisposable
{
    /// <summary>How long reads and small writes wait for a server that is away: a restart takes less.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How long a start waits for a server that is starting itself.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(200);

    // Two less than the pool has: a wait here has no end of its own, a wait for the pool has.
    private const int MostAtOnce = 6;

    private readonly PostgreSqlDatabase _database;
    private readonly NpgsqlDataSource _unpooled;
    private readonly NpgsqlDataSource _pool;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _places = new(MostAtOnce);

    private OpenStore(
        PostgreSqlDatabase database,
        Incarnation incarnation,
        LastCommitted? last,
        bool synchronous,
        TimeProvider clock,
        ILogger logger)
    {
        _database = database;
        _clock = clock;
        Incarnation = incarnation;
        _unpooled = database.Connect(incarnation.ApplicationName, pooled: false, synchronous);
        _pool = database.Connect(incarnation.ApplicationName, pooled: true, synchronous);
        IsRestored = last?.IsAhead == true;
        Turns = new TurnWriter(database, _unpooled, incarnation, last, clock, logger);
        Lease = new LeaseSession(database, incarnation, synchronous);
        Loading = new TwinLoading(this);
    }

    /// <summary>Under which this store writes; a newer one fences it.</summary>
    public Incarnation Incarnation { get; }

    /// <summary>Commits turns.</summary>
    public TurnWriter Turns { get; }

    /// <summary>Loads twins.</summary>
    public TwinLoading Loading { get; }

    /// <summary>True where the log was older than what this silo had noted of it.</summary>
    public bool IsRestored { get; }

    /// <summary>Prolongs the lease.</summary>
    public LeaseSession Lease { get; }

    /// <summary>Creates or migrates the schema and opens an incarnation.</summary>
    /// <exception cref="TwinGridException">That cannot be; the message names the key to change.</exception>
    public static async Task<OpenStore> OpenAsync(
        PostgreSqlDatabase database,
        StoreOwner owner,
        TimeProvider clock,
        ILogger logger,
        CancellationToken cancellationToken)
    {
        NpgsqlDataSource source = database.Connect("twingrid start", pooled: false);
        await using (source.ConfigureAwait(false))
        {
            try
            {
                NpgsqlConnection connection = await ConnectAsync(source, clock, cancellationToken)
                    .ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    await PostgreSqlSchema.EnsureAsync(connection, database, cancellationToken).ConfigureAwait(false);
                    LastCommitted? last = await FindLastAsync(owner, connection, clock, logger, cancellationToken)
                        .ConfigureAwait(false);
                    Incarnation incarnation = await IncarnationOpening
                        .OpenAsync(connection, owner, last?.Incarnation ?? 0, clock, cancellationToken)
                        .ConfigureAwait(false);
                    last?.Open(incarnation.Number);
                    if (await ReadSettingAsync(connection, "SHOW fsync").ConfigureAwait(false) == "off")
                    {
                        LogNoFsync(logger, database.Name);
                    }

                    bool waits = await ReadSettingAsync(connection, "SHOW synchronous_commit").ConfigureAwait(false)
                        != "off";
                    return new OpenStore(database, incarnation, last, !waits, clock, logger);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw database.ExplainStart(e);
            }
        }
    }

    /// <summary>Opens it under no incarnation: it reads, and whatever it would write is fenced.</summary>
    /// <exception cref="TwinGridException">It is not there, or another TwinGrid made it.</exception>
    public static async Task<OpenStore> OpenToReadAsync(
        PostgreSqlDatabase database, TimeProvider clock, ILogger logger, CancellationToken cancellationToken)
    {
        NpgsqlDataSource source = database.Connect("twingrid verify", pooled: false);
        await using (source.ConfigureAwait(false))
        {
            try
            {
                NpgsqlConnection connection = await ConnectAsync(source, clock, cancellationToken)
                    .ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    int minor = await PostgreSqlSchema
                        .EnsureReadableAsync(connection, database.Name, cancellationToken).ConfigureAwait(false);
                    return minor >= PostgreSqlSchema.MinorOfHistory
                        ? new OpenStore(database, new Incarnation(0, "twingrid verify"), null, false, clock, logger)
                        : throw new TwinGridException(
                            $"The database {database.Name} has schema {PostgreSqlSchema.Major}.{minor} and this "
                            + $"TwinGrid reads {PostgreSqlSchema.Major}.{PostgreSqlSchema.MinorOfHistory}: start a "
                            + "silo of this version on it once.");
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw database.ExplainStart(e);
            }
        }
    }

    /// <summary>Opens a connection; a server that is starting is waited for.</summary>
    public static async Task<NpgsqlConnection> ConnectAsync(
        NpgsqlDataSource source, TimeProvider clock, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        while (true)
        {
            try
            {
                return await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (NpgsqlException e) when (
                PostgreSqlDatabase.IsStarting(e) && clock.GetElapsedTime(start) < StartPatience)
            {
                await Task.Delay(BetweenAttempts, clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Reads.</summary>
    public Task<T> ReadAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        PatientlyAsync(connection => read(connection, cancellationToken), cancellationToken);

    /// <summary>Reads in several steps what was there at one moment.</summary>
    public Task<T> ReadAtOneMomentAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        PatientlyAsync(
            async connection =>
            {
                NpgsqlTransaction transaction = await connection
                    .BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    return await read(connection, cancellationToken).ConfigureAwait(false);
                }
            },
            cancellationToken);

    /// <summary>
    /// Writes in a transaction under the incarnation's lock. When its commit is not answered it is done once more.
    /// </summary>
    /// <exception cref="TwinGridException">Another silo took over.</exception>
    public Task<T> WriteAsync<T>(Func<NpgsqlConnection, Task<T>> write, CancellationToken cancellationToken) =>
        WriteAsync(write, static _ => true, cancellationToken);

    /// <summary>Writes, and keeps nothing of it where that says false.</summary>
    /// <exception cref="TwinGridException">Another silo took over.</exception>
    public Task<bool> TryWriteAsync(Func<NpgsqlConnection, Task<bool>> write, CancellationToken cancellationToken) =>
        WriteAsync(write, static written => written, cancellationToken);

    /// <summary>
    /// Appends dead letters, once: where a commit was not answered it is found out before they are appended again.
    /// </summary>
    /// <returns>How many of the oldest went.</returns>
    /// <exception cref="TwinGridException">Another silo took over.</exception>
    public async Task<long> AppendAsync(
        IReadOnlyList<DeadLetter> letters, LimitOptions limits, CancellationToken cancellationToken)
    {
        string? transaction = null;
        long trimmed = 0;
        await TryWriteAsync(
            async connection =>
            {
                if (transaction is not null
                    && await DeadLetterRows.AreThereAsync(connection, transaction).ConfigureAwait(false))
                {
                    return false;
                }

                trimmed = await DeadLetterRows
                    .AppendAsync(connection, letters, limits, UnixMicroseconds.Now(_clock)).ConfigureAwait(false);
                transaction = await DeadLetterRows.TransactionAsync(connection).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        return trimmed;
    }

    /// <summary>Fences a life of another silo; ends when its lease is over.</summary>
    public async Task FenceAsync(string cluster, string life, CancellationToken cancellationToken)
    {
        TimeSpan left = await PatientlyAsync(
            connection => LifeFence.FenceAsync(connection, cluster, life, cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        await Task.Delay(left, _clock, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Erases one step; false when there is no more.</summary>
    public Task<bool> EraseStepAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken) =>
        PatientlyAsync(
            async connection =>
            {
                NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken)
                    .ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    bool more = await HistoryErasing.EraseStepAsync(connection, Incarnation, twin, beforeRevision)
                        .ConfigureAwait(false) ?? throw TakenOver();
                    await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                    return more;
                }
            },
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Turns.DisposeAsync().ConfigureAwait(false);
        await Lease.DisposeAsync().ConfigureAwait(false);
        await _unpooled.DisposeAsync().ConfigureAwait(false);
        await _pool.DisposeAsync().ConfigureAwait(false);
    }

    private Task<T> WriteAsync<T>(
        Func<NpgsqlConnection, Task<T>> write, Predicate<T> isKept, CancellationToken cancellationToken) =>
        PatientlyAsync(
            async connection =>
            {
                NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken)
                    .ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    if (!await Incarnation.LockAsync(connection).ConfigureAwait(false))
                    {
                        throw TakenOver();
                    }

                    T result = await write(connection).ConfigureAwait(false);
                    if (isKept(result))
                    {
                        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                    }

                    return result;
                }
            },
            cancellationToken);

    private async Task<T> PatientlyAsync<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        long start = _clock.GetTimestamp();
        while (true)
        {
            try
            {
                return await OnceAsync(work, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                if (!PostgreSqlDatabase.MayPass(e) || _clock.GetElapsedTime(start) > Patience)
                {
                    throw _database.Explain(e);
                }
            }

            await Task.Delay(BetweenAttempts, _clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<T> OnceAsync<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            NpgsqlConnection connection = await _pool.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                return await work(connection).ConfigureAwait(false);
            }
        }
        finally
        {
            _places.Release();
        }
    }

    private static async Task<LastCommitted?> FindLastAsync(
        StoreOwner owner,
        NpgsqlConnection connection,
        TimeProvider clock,
        ILogger logger,
        CancellationToken cancellationToken)
    {
        if (owner.NoteFile is not { } path)
        {
            return null;
        }

        try
        {
            return await LastCommitted.OpenAsync(path, connection, clock, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNoNotes(logger, path, e.Message);
            return null;
        }
    }

    private TwinGridException TakenOver() => new(
        $"Another silo took over the store {_database.Name}: this one keeps nothing any more. Stop it, or name another "
        + "database in TwinGrid:Storage:ConnectionString.");

    private static async Task<string?> ReadSettingAsync(NpgsqlConnection connection, string sql) =>
        await PostgreSqlSchema.ReadAsync(connection, sql, CancellationToken.None).ConfigureAwait(false) as string;

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Path} cannot be written ({Why}): an older backup in the place of the database will not be told")]
    private static partial void LogNoNotes(ILogger logger, string path, string why);

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "Store {Store} runs with fsync=off: a power failure takes what was acknowledged. Set fsync=on")]
    private static partial void LogNoFsync(ILogger logger, string store);
}
