using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Keeps twins in one SQLite file: the log and the snapshots of step 7 of the walk, the dead letters, MQTT sessions.
/// Thread-safe; commits run one after the other on a thread of their own, reads beside them on two more.
/// </summary>
/// <remarks>
/// WAL with <c>synchronous=FULL</c>: what a commit answered for is on disk (https://sqlite.org/wal.html). One process
/// writes: a store that opens the file fences those that opened it before.
/// </remarks>
internal sealed partial class SqliteTwinStore : ITwinStore, IDisposable, IAsyncDisposable
{
    // Loading a twin takes 20 µs to 1 ms; two threads load faster than a silo of two cores activates.
    private const int ReaderCount = 2;
    private const int DuePage = 1_000;

    private readonly SqliteDatabase _database;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly DatabaseThreads<StoreWriter> _writer;
    private readonly DatabaseThreads<StoreReader> _readers;
    private readonly LimitOptions _limits;
    private readonly HistoryFiles _files;
    private readonly DatabaseThreads<HistoryWriter> _historyWriter;
    private readonly DatabaseThreads<HistoryReader> _historyReaders;
    private readonly StoreMetrics _metrics = new("sqlite");
    private readonly ITimer _noteLast;
    private int _isNoteDue;
    private bool _restorationCounted;

    /// <summary>Starts the threads; the file is opened by <see cref="InitializeAsync"/>.</summary>
    public SqliteTwinStore(
        SqliteDatabase database, LimitOptions limits, TimeProvider clock, ILogger<SqliteTwinStore> logger)
    {
        _database = database;
        _clock = clock;
        _logger = logger;
        _writer = new("TwinGrid writer", 1, () => new StoreWriter(database, limits, clock, logger));
        _readers = new("TwinGrid reader", ReaderCount, () => new StoreReader(database));
        _limits = limits;
        _files = new HistoryFiles(database.HistoryDirectory);
        _historyWriter = new("TwinGrid sealer", 1, () => new HistoryWriter(database, _files, logger));
        _noteLast = clock.CreateTimer(
            static store => _ = ((SqliteTwinStore)store!).NoteLastAsync(),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _historyReaders = new("TwinGrid history", ReaderCount, () => new HistoryReader(database, _files, clock));
    }

    /// <inheritdoc/>
    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        bool restored = await RunAsync(_writer, writer => writer.Restored, cancellationToken).ConfigureAwait(false);
        if (restored && !Interlocked.Exchange(ref _restorationCounted, true))
        {
            _metrics.Restored();
        }

        await RunAsync(
            _historyWriter, _ => HistoryRecovery.Run(_database, _files, _logger), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken)
    {
        long start = _clock.GetTimestamp();
        StoredTwin stored = await RunAsync(_readers, reader => reader.Load(twin), cancellationToken)
            .ConfigureAwait(false);
        _metrics.Loaded(_clock.GetElapsedTime(start));
        return stored;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<CommitOutcome>> CommitAsync(
        IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken cancellationToken)
    {
        long start = _clock.GetTimestamp();
        CommitResult group = await RunAsync(_writer, writer => writer.Commit(turns, snapshots), cancellationToken)
            .ConfigureAwait(false);
        _metrics.Committed(group, _clock.GetElapsedTime(start));
        if (Interlocked.Exchange(ref _isNoteDue, 1) == 0)
        {
            _noteLast.Change(LastWritten.Interval, Timeout.InfiniteTimeSpan);
        }

        return group.Outcomes;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<TwinId> ReadDueAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long last = 0;
        while (true)
        {
            long after = last;
            IReadOnlyList<(long Number, TwinId Twin)> page = await RunAsync(
                _readers, reader => reader.ReadDue(after, DuePage), cancellationToken).ConfigureAwait(false);
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
        RunAsync(_readers, reader => reader.Twins.Read(kind, after, limit), cancellationToken);

    /// <inheritdoc/>
    public Task EraseAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken) =>
        AloneAsync(() => EraseAloneAsync(twin, beforeRevision, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async Task AppendDeadLettersAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        long trimmed = await RunAsync(_writer, writer => writer.AppendDeadLetters(letters), cancellationToken)
            .ConfigureAwait(false);
        _metrics.DeadLettersAppended(letters.Count, trimmed);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredDeadLetter>> ReadDeadLettersAsync(
        long? before, int limit, CancellationToken cancellationToken) =>
        RunAsync(_readers, reader => reader.ReadDeadLetters(before, limit), cancellationToken);

    /// <inheritdoc/>
    public async Task SaveSessionsAsync(IReadOnlyList<SessionChange> changes, CancellationToken cancellationToken)
    {
        StoredSessions.EnsureOwn(changes);
        if (changes.Count > 0)
        {
            (int saved, int removed) = await RunAsync(
                _writer, writer => writer.SaveSessions(changes), cancellationToken).ConfigureAwait(false);
            _metrics.SessionsSaved(saved, removed);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<bool>> TakeSessionsAsync(
        IReadOnlyList<SessionTakeover> takeovers, CancellationToken cancellationToken)
    {
        bool[] taken = await RunAsync(_writer, writer => writer.TakeSessions(takeovers), cancellationToken)
            .ConfigureAwait(false);
        _metrics.SessionsSaved(taken.Count(static one => one), 0);
        return taken;
    }

    /// <inheritdoc/>
    public async Task<StoredSession?> LoadSessionAsync(string client, CancellationToken cancellationToken)
    {
        SessionPage found = await RunAsync(_readers, reader => reader.Sessions.Find(client), cancellationToken)
            .ConfigureAwait(false);
        NoteDamage(found);
        return found.Sessions.SingleOrDefault();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredSession> ReadSessionsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? last = "";
        while (last is not null)
        {
            string after = last;
            SessionPage page = await RunAsync(
                _readers, reader => reader.Sessions.ReadPage(after), cancellationToken).ConfigureAwait(false);
            NoteDamage(page);
            foreach (StoredSession session in page.Sessions)
            {
                yield return session;
            }

            last = page.Last;
        }
    }

    /// <summary>Ends what was begun and closes the file.</summary>
    public void Dispose()
    {
        _noteLast.Dispose();
        _sealing.Dispose();
        _historyReaders.Dispose();
        _historyWriter.Dispose();
        _readers.Dispose();
        _writer.Dispose();
    }

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync() =>
        await Task.Factory
            .StartNew(Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .ConfigureAwait(false);

    private async Task<bool> EraseAloneAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken)
    {
        ErasePlan? plan = await RunAsync(
            _readers, reader => reader.PlanErasing(twin, beforeRevision), cancellationToken).ConfigureAwait(false);
        if (plan is null)
        {
            return false;
        }

        // Before the log forgets that they are there: whoever asks again finds them. A file that has something of the
        // twin and cannot be erased from stops it; before the first row goes the list says that it is not complete.
        LogPosition? log = await FindAsync(twin, cancellationToken).ConfigureAwait(false);
        IReadOnlyCollection<string> listed = [.. log?.History.Files.Keys ?? []];
        await RunAsync(_writer, writer => writer.NoteErasing(plan.Twin), cancellationToken).ConfigureAwait(false);
        await RunAsync(
            _historyWriter, writer => writer.Erase(twin, plan.BeforeRevision, listed), cancellationToken)
            .ConfigureAwait(false);
        int from = 0;
        do
        {
            int step = from;
            await RunAsync(_writer, writer => writer.Erase(plan, step), cancellationToken).ConfigureAwait(false);
            from += HistoryEraser.StepTurns;
        }
        while (from < plan.TurnIds.Count);
        return true;
    }

    // At the end of a burst, so that a log file that is lost is missed.
    private async Task NoteLastAsync()
    {
        Volatile.Write(ref _isNoteDue, 0);
        try
        {
            await _writer.RunAsync(writer => writer.NoteLast(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ObjectDisposedException or SqliteException or TwinGridException)
        {
            // A store that closes notes it by itself; else the next commit does.
        }
    }

    private void NoteDamage(SessionPage page)
    {
        foreach ((string client, string why) in page.Damaged)
        {
            LogDamagedSession(_database.File, client, why);
        }

        _metrics.SessionsDamaged(page.Damaged.Count);
    }

    private async Task<TResult> RunAsync<TSession, TResult>(
        DatabaseThreads<TSession> threads, Func<TSession, TResult> work, CancellationToken cancellationToken)
        where TSession : class, IDisposable
    {
        try
        {
            return await threads.RunAsync(work, cancellationToken).ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            throw _database.Explain(e);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Store {Path}: the session of {Client} cannot be read ({Why}): it is as if there were none, and its "
            + "client subscribes again. Check the disk")]
    private partial void LogDamagedSession(string path, string client, string why);
}
