using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using SQLitePCL;
using TwinGrid.Storage.History;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// The one connection that writes, with its transactions and the fence of its incarnation. Belongs to one thread.
/// </summary>
internal sealed partial class StoreWriter : IDisposable
{
    private const int CacheKib = 65_536;

    private readonly SqliteDatabase _database;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _rollback;
    private readonly SqliteStatement _isCurrent;
    private readonly TurnLog _turns;
    private readonly DeadLetterLog _deadLetters;
    private readonly HistoryEraser _eraser;
    private readonly SessionWriter _sessions;
    private readonly SealLedger _ledger;
    private readonly LastWritten _last;
    private TwinGridException? _refusal;
    private bool _fenced;

    /// <summary>Opens the database, creates or checks its schema and opens an incarnation.</summary>
    public StoreWriter(SqliteDatabase database, LimitOptions limits, TimeProvider clock, ILogger logger)
    {
        _database = database;
        _clock = clock;
        _logger = logger;
        RefuseDamagedLog(database);
        _connection = database.Open(CacheKib);
        try
        {
            SqliteSchema.Ensure(_connection);
            _last = new LastWritten(database.File, clock, why => LogNotNoted(database.File, why));
            Restored = _last.IsAhead(_connection);
            Incarnation = SqliteSchema.OpenIncarnation(_connection, _last.Incarnation, UnixMicroseconds.Now(clock));
            _last.Open(Incarnation);
            _begin = new(_connection, "BEGIN IMMEDIATE");
            _commit = new(_connection, "COMMIT");
            _rollback = new(_connection, "ROLLBACK");
            _isCurrent = new(_connection, "SELECT 1 FROM silo_incarnation WHERE incarnation = ?1 AND fenced = 0");
            _turns = new TurnLog(_connection);
            _deadLetters = new DeadLetterLog(_connection, limits);
            _eraser = new HistoryEraser(_connection);
            _sessions = new SessionWriter(_connection);
            _ledger = new SealLedger(_connection, _turns.Identities);
            EmptyLog();
        }
        catch
        {
            _last?.Dispose();
            _connection.Dispose();
            throw;
        }

        LogOpened(database.File, Incarnation);
        if (Restored)
        {
            LogRestored(database.File);
        }
    }

    /// <summary>True where the database was older than what its directory had last written.</summary>
    public bool Restored { get; }

    /// <summary>The number under which this store writes; a newer one fences it.</summary>
    public long Incarnation { get; }

    /// <summary>Commits a group; all of it is fenced when another process took the database over.</summary>
    public CommitResult Commit(IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots)
    {
        CommitResult group = default;
        if (TryTransact(() => group = _turns.Write(turns, snapshots)))
        {
            _last.Committed(_connection);
            return group;
        }

        CommitOutcome[] outcomes = new CommitOutcome[turns.Count];
        Array.Fill(outcomes, CommitOutcome.Fenced);
        return new CommitResult(outcomes, outcomes.Length, 0, snapshots.Count, 0);
    }

    /// <summary>Appends dead letters.</summary>
    /// <returns>How many of the oldest went.</returns>
    public long AppendDeadLetters(IReadOnlyList<DeadLetter> letters)
    {
        long trimmed = 0;
        TransactOrThrow(() => trimmed = _deadLetters.Append(letters, UnixMicroseconds.Now(_clock)));
        return trimmed;
    }

    /// <summary>Erases one step of a plan.</summary>
    public bool Erase(ErasePlan plan, int from)
    {
        // The newest row may be among them: what is written next says anew how far the log goes.
        _last.Forget();
        TransactOrThrow(() => _eraser.Erase(plan, from));
        return true;
    }

    /// <summary>Keeps changes of sessions.</summary>
    /// <returns>How many were saved, and how many were there and went.</returns>
    public (int Saved, int Removed) SaveSessions(IReadOnlyList<SessionChange> changes)
    {
        (int, int) written = default;
        TransactOrThrow(() => written = _sessions.Write(changes));
        return written;
    }

    /// <summary>Takes sessions over from whoever had them.</summary>
    /// <returns>For each whether it stood as it was seen.</returns>
    public bool[] TakeSessions(IReadOnlyList<SessionTakeover> takeovers)
    {
        bool[] taken = [];
        TransactOrThrow(() => taken = _sessions.Take(takeovers));
        return taken;
    }

    /// <summary>Makes a sealed part visible whose rows are on disk.</summary>
    /// <returns>False, and nothing changed, where it does not follow what is sealed.</returns>
    public bool MoveSealed(SealedTurns part, ILookup<string, HistoryRow> rows)
    {
        bool moved = false;
        TransactOrThrow(() => moved = _ledger.TryMove(part, rows, UnixMicroseconds.Now(_clock), Incarnation));
        return moved;
    }

    /// <summary>Files of history are about to be dropped.</summary>
    public bool NoteDropped(IReadOnlyList<string> files)
    {
        TransactOrThrow(() => _ledger.NoteDropped(files));
        return true;
    }

    /// <summary>Some of a twin's sealed parts are about to be erased from their files.</summary>
    public bool NoteErasing(long twin)
    {
        TransactOrThrow(() => _ledger.NoteErasing(twin));
        return true;
    }

    /// <summary>Takes a step's sealed turns from the log.</summary>
    /// <returns>False where there is nothing to do.</returns>
    public bool Sweep()
    {
        bool swept = false;
        TransactOrThrow(() => swept = _ledger.Sweep());
        return swept;
    }

    /// <summary>Notes how far the log goes.</summary>
    public bool NoteLast()
    {
        _last.CatchUp(_connection);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _last.CatchUp(_connection);
        _turns.Dispose();
        _deadLetters.Dispose();
        _eraser.Dispose();
        _sessions.Dispose();
        _ledger.Dispose();
        _begin.Dispose();
        _commit.Dispose();
        _rollback.Dispose();
        _isCurrent.Dispose();
        _last.Dispose();
        _connection.Dispose();
    }

    // SQLite would take the damage for the end of the log, and what was acknowledged behind it would be gone.
    private static void RefuseDamagedLog(SqliteDatabase database)
    {
        if (WalFile.FindDamage(database.File) is { } damage)
        {
            throw new TwinGridException($"{damage.Path}: {damage.Problem}. {damage.Remedy}");
        }
    }

    // What a crash left of a transaction behind the end of the log goes, so that it cannot be taken later for the rest
    // of one that was damaged. Where that cannot be, now or for a reader, the log is emptied another time.
    private void EmptyLog()
    {
        try
        {
            // Waits for nobody: a verify that reads beside it may take minutes.
            Pragma("busy_timeout = 0");
            Pragma("wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException e) when (
            e.SqliteErrorCode is raw.SQLITE_BUSY or raw.SQLITE_LOCKED || SqliteDatabase.IsFull(e))
        {
            LogNotEmptied(_database.File, e.Message);
        }
        finally
        {
            Pragma("busy_timeout = 10000");
        }
    }

    private void Pragma(string pragma)
    {
        using SqliteStatement statement = new(_connection, $"PRAGMA {pragma}");
        statement.Run();
    }

    private void TransactOrThrow(Action work)
    {
        if (!TryTransact(work))
        {
            throw TakenOver();
        }
    }

    private TwinGridException TakenOver() => new(
        $"Another process took over the store {_database.File}: this one keeps nothing any more. Stop it, or give it a "
        + "TwinGrid:DataDirectory of its own.");

    /// <summary>Runs work in a transaction that is on disk at the end; false, and nothing done, when fenced.</summary>
    private bool TryTransact(Action work)
    {
        if (_refusal is not null)
        {
            throw _refusal;
        }

        try
        {
            _begin.Run();
            if (!IsCurrent())
            {
                Rollback();
                NoteFenced();
                return false;
            }

            work();
            _commit.Run();
            return true;
        }
        catch (SqliteException e)
        {
            // First: whatever becomes of the rollback, what the disk said stays said.
            TwinGridException refused = Refuse(e);
            Rollback();
            throw refused;
        }
        catch
        {
            Rollback();
            throw;
        }
    }

    private bool IsCurrent()
    {
        bool current = _isCurrent.Bind(1, Incarnation).Step();
        _isCurrent.Reset();
        return current;
    }

    private void Rollback()
    {
        _turns.Forget();
        _ledger.Forget();

        // Some failures have rolled back already.
        if (raw.sqlite3_get_autocommit(_connection.Handle) == 0)
        {
            _rollback.Run();
        }
    }

    private TwinGridException Refuse(SqliteException failure)
    {
        _refusal = _database.NoteIfBroken(failure, _logger);
        if (_refusal is not null)
        {
            return _refusal;
        }

        // All else is rolled back.
        TwinGridException explained = _database.Explain(failure);
        return explained is TwinGridUnavailableException
            ? explained
            : new TwinGridNotCommittedException(explained.Message, failure);
    }

    // Its twins would be read again and fenced again for as long as the process lives.
    private void NoteFenced()
    {
        if (!_fenced)
        {
            _fenced = true;
            LogFenced(_database.File, Incarnation);
            _database.NoteBroken(TakenOver());
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Store {Path} opened as incarnation {Incarnation}")]
    private partial void LogOpened(string path, long incarnation);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Store {Path} is older than what was last written in its directory: an older state was put in its "
            + "place, such as a backup, or its log file (-wal) was damaged or taken away. Readings, commands and "
            + "settings that were acknowledged after it are gone; "
            + "whoever watches or keeps revisions of twins begins anew")]
    private partial void LogRestored(string path);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Store {Path}: how far the log goes could not be noted ({Why}); its turns are committed, and an "
            + "older backup in its place may not be noticed")]
    private partial void LogNotNoted(string path, string why);

    [LoggerMessage(
        Level = LogLevel.Information, Message = "Store {Path}: the log could not be emptied at the start ({Why})")]
    private partial void LogNotEmptied(string path, string why);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Store {Path}: another process took over; incarnation {Incarnation} is fenced, keeps nothing")]
    private partial void LogFenced(string path, long incarnation);
}
