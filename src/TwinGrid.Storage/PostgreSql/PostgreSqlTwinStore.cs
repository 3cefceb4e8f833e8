using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Keeps twins in PostgreSQL: log and snapshots of step 7 of the walk, history, dead letters, MQTT sessions.
/// Thread-safe; turns are committed one group after the other on a connection of their own, the rest goes beside.
/// </summary>
/// <remarks>
/// What a commit answered for is on the server's disk (<c>fsync</c> and <c>synchronous_commit</c>). While the server is
/// away every method fails with <see cref="TwinGridUnavailableException"/>, those that can wait after five seconds.
/// </remarks>
internal sealed partial class PostgreSqlTwinStore(
    PostgreSqlDatabase database,
    StoreOwner owner,
    LimitOptions limits,
    TimeProvider clock,
    ILogger<PostgreSqlTwinStore> logger) : ITwinStore, IDisposable, IAsyncDisposable
{
    private const int DuePage = 1_000;

    private readonly SemaphoreSlim _opening = new(1);
    private readonly StoreMetrics _metrics = new("postgresql");
    private OpenStore? _open;
    private bool _closed;

    private OpenStore Open
    {
        get
        {
            return _closed
                ? throw Closed()
                : Volatile.Read(ref _open) ?? throw new TwinGridException("The store was not initialized.");
        }
    }

    /// <inheritdoc/>
    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_closed)
            {
                throw Closed();
            }

            if (_open is null)
            {
                Volatile.Write(
                    ref _open,
                    await OpenStore.OpenAsync(database, owner, clock, logger, cancellationToken).ConfigureAwait(false));
                LogOpened(database.Name, _open.Incarnation.Number);
                if (_open.IsRestored)
                {
                    LogRestored(database.Name);
                    _metrics.Restored();
                }
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <inheritdoc/>
    public async Task OpenToReadAsync(CancellationToken cancellationToken) => Volatile.Write(
        ref _open,
        await OpenStore.OpenToReadAsync(database, clock, logger, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public Task<StoreLease> RenewLeaseAsync(TimeSpan length, CancellationToken cancellationToken) =>
        Open.Lease.RenewAsync(length, cancellationToken);

    /// <inheritdoc/>
    public Task FenceAsync(string life, CancellationToken cancellationToken) =>
        Open.FenceAsync(owner.Cluster, life, cancellationToken);

    /// <inheritdoc/>
    public async Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        StoredTwin stored = await Open.Loading.LoadAsync(twin, cancellationToken).ConfigureAwait(false);
        _metrics.Loaded(clock.GetElapsedTime(start));
        return stored;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<CommitOutcome>> CommitAsync(
        IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        CommitResult group = await Open.Turns.CommitAsync(turns, snapshots, cancellationToken).ConfigureAwait(false);
        _metrics.Committed(group, clock.GetElapsedTime(start));
        return group.Outcomes;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<TwinId> ReadDueAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long last = 0;
        while (true)
        {
            long after = last;
            List<(long Number, TwinId Twin)> page = await Open.ReadAsync(
                (connection, stop) => TwinReading.ReadDueAsync(connection, after, DuePage, stop), cancellationToken)
                .ConfigureAwait(false);
            foreach ((long number, TwinId twin) in page)
            {
                yield return twin;
                last = number;
            }

            if (page.Count < DuePage)
            {
                yield break;
            }
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<TwinId>> ReadTwinsAsync(
        string? kind, TwinId? after, int limit, CancellationToken cancellationToken) =>
        Open.ReadAsync(
            (connection, stop) => TwinListing.ReadAsync(connection, kind, after, limit, stop), cancellationToken);

    /// <inheritdoc/>
    public async Task EraseAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken)
    {
        await EraseSealedAsync(twin, beforeRevision, cancellationToken).ConfigureAwait(false);
        while (await Open.EraseStepAsync(twin, beforeRevision, cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        // What another silo sealed meanwhile; from now on no part can begin before that revision.
        await EraseSealedAsync(twin, beforeRevision, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task AppendDeadLettersAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        long trimmed = await Open.AppendAsync(letters, limits, cancellationToken).ConfigureAwait(false);
        _metrics.DeadLettersAppended(letters.Count, trimmed);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredDeadLetter>> ReadDeadLettersAsync(
        long? before, int limit, CancellationToken cancellationToken) =>
        Open.ReadAsync(
            (connection, stop) => DeadLetterRows.ReadAsync(connection, before, limit, stop), cancellationToken);

    /// <inheritdoc/>
    public async Task SaveSessionsAsync(IReadOnlyList<SessionChange> changes, CancellationToken cancellationToken)
    {
        StoredSessions.EnsureOwn(changes);
        if (changes.Count > 0)
        {
            (int saved, int removed) = await Open.WriteAsync(
                connection => SessionRows.WriteAsync(connection, changes), cancellationToken).ConfigureAwait(false);
            _metrics.SessionsSaved(saved, removed);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<bool>> TakeSessionsAsync(
        IReadOnlyList<SessionTakeover> takeovers, CancellationToken cancellationToken)
    {
        bool[] taken = await Open.WriteAsync(
            connection => SessionRows.TakeAsync(connection, takeovers), cancellationToken).ConfigureAwait(false);
        _metrics.SessionsSaved(taken.Count(static one => one), 0);
        return taken;
    }

    /// <inheritdoc/>
    public async Task<StoredSession?> LoadSessionAsync(string client, CancellationToken cancellationToken)
    {
        SessionRows.Page found = await Open.ReadAsync(
            (connection, stop) => SessionRows.FindAsync(connection, client, stop), cancellationToken)
            .ConfigureAwait(false);
        NoteDamage(found);
        return found.Sessions.SingleOrDefault();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredSession> ReadSessionsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[]? last = [];
        while (last is not null)
        {
            byte[] after = last;
            SessionRows.Page page = await Open.ReadAsync(
                (connection, stop) => SessionRows.ReadPageAsync(connection, after, withClaims: true, stop),
                cancellationToken).ConfigureAwait(false);
            NoteDamage(page);
            foreach (StoredSession session in page.Sessions)
            {
                yield return session;
            }

            last = page.Last;
        }
    }

    /// <summary>Ends what was begun and closes the connections.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        if (Interlocked.Exchange(ref _open, null) is { } open)
        {
            await open.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What whoever comes too late hears.</summary>
    public static ObjectDisposedException Closed() => new(nameof(PostgreSqlTwinStore), "the store is closed");

    private void NoteDamage(SessionRows.Page page)
    {
        foreach ((string client, string why) in page.Damaged)
        {
            LogDamagedSession(database.Name, client, why);
        }

        _metrics.SessionsDamaged(page.Damaged.Count);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Store {Store} opened as incarnation {Incarnation}")]
    private partial void LogOpened(string store, long incarnation);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Store {Store} is older than what was last written to it from here: an older state was put in its "
            + "place, such as a backup. Readings, commands and settings that were acknowledged after it are gone; "
            + "whoever watches or keeps revisions of twins begins anew")]
    private partial void LogRestored(string store);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Store {Store}: the session of {Client} cannot be read ({Why}): it is as if there were none, and its "
            + "client subscribes again. Check the disk")]
    private partial void LogDamagedSession(string store, string client, string why);
}
