using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>A connection that reads, each time from one consistent moment. Belongs to one thread.</summary>
internal sealed class StoreReader : IDisposable
{
    private const int CacheKib = 8_192;

    private readonly SqliteConnection _connection;
    private readonly TwinRows _rows;
    private readonly OneMoment _moment;
    private readonly SqliteStatement _due;
    private readonly SqliteStatement _deadLetters;

    public StoreReader(SqliteDatabase database)
    {
        _connection = database.OpenToRead(CacheKib);
        _moment = new OneMoment(_connection);
        _rows = new TwinRows(_connection);
        _due = new(_connection, """
            SELECT twin_id, kind, key FROM twin JOIN head USING (twin_id)
            WHERE twin_id > ?1 AND (next_due IS NOT NULL OR revision > snapshot_revision)
            ORDER BY twin_id LIMIT ?2
            """);
        _deadLetters = new(_connection, """
            SELECT letter_id, time, topic, client, reason, detail, size, sample FROM dead_letter
            WHERE letter_id < ?1 ORDER BY letter_id DESC LIMIT ?2
            """);
        Sessions = new SessionReader(_connection);
        Log = new LogReader(_connection, _moment, _rows);
        Twins = new TwinList(_connection);
    }

    /// <summary>Reads sessions.</summary>
    public SessionReader Sessions { get; }

    /// <summary>Reads parts of a twin's log.</summary>
    public LogReader Log { get; }

    /// <summary>Lists twins.</summary>
    public TwinList Twins { get; }

    /// <summary>A twin's newest snapshot and the turns after it.</summary>
    /// <exception cref="TwinGridException">A row is damaged or missing.</exception>
    public StoredTwin Load(TwinId twin) => _moment.Read(() =>
    {
        if (_rows.FindHead(twin) is not { } head)
        {
            return new StoredTwin(null, []);
        }

        StoredSnapshot? snapshot = _rows.ReadSnapshot(twin, head.Twin);
        if (snapshot?.Revision > head.Revision)
        {
            throw LogRow.Missing(twin, snapshot.Revision);
        }

        long first = Math.Max(head.ErasedBefore, (snapshot?.Revision ?? 0) + 1);
        TwinTurn[] tail = new TwinTurn[Math.Max(0, head.Revision - first + 1)];
        long turnId = head.TurnId;
        for (int i = tail.Length - 1; i >= 0; i--)
        {
            tail[i] = _rows.ReadTurn(twin, head.Twin, first + i, ref turnId);
        }

        return new StoredTwin(snapshot, tail);
    });

    /// <summary>The next twins after a number that have something due, in the order of their numbers.</summary>
    public IReadOnlyList<(long Number, TwinId Twin)> ReadDue(long after, int limit)
    {
        List<(long, TwinId)> page = [];
        try
        {
            _due.Bind(1, after).Bind(2, limit);
            while (_due.Step())
            {
                page.Add((_due.Int64(0), new TwinId(_due.Text(1), _due.Text(2))));
            }

            return page;
        }
        finally
        {
            _due.Reset();
        }
    }

    /// <summary>Finds a twin's turns before a revision; null for an unknown twin.</summary>
    public ErasePlan? PlanErasing(TwinId twin, long beforeRevision) => _moment.Read(() =>
    {
        if (_rows.FindHead(twin) is not { } head)
        {
            return null;
        }

        long before = Math.Min(beforeRevision, head.Revision + 1);
        List<long> turnIds = [];
        long turnId = head.TurnId;
        for (long revision = head.Revision; revision > 0; revision--)
        {
            if (_rows.FindPrevious(head.Twin, revision, turnId) is not { } row)
            {
                // Of what was sealed the oldest rows may be gone already; of the others all must be there.
                if (revision >= head.ErasedBefore)
                {
                    throw LogRow.Missing(twin, revision);
                }

                break;
            }

            if (revision < before)
            {
                turnIds.Add(turnId);
            }

            turnId = row.Previous;
        }

        turnIds.Reverse();
        return new ErasePlan(head.Twin, before, turnIds);
    });

    /// <summary>Dead letters, newest first.</summary>
    public IReadOnlyList<StoredDeadLetter> ReadDeadLetters(long? before, int limit)
    {
        List<StoredDeadLetter> page = [];
        try
        {
            _deadLetters.Bind(1, before ?? long.MaxValue).Bind(2, limit);
            while (_deadLetters.Step())
            {
                page.Add(new StoredDeadLetter(_deadLetters.Int64(0), new DeadLetter
                {
                    Time = _deadLetters.Int64(1),
                    Topic = _deadLetters.Text(2),
                    Client = _deadLetters.Text(3),
                    Reason = _deadLetters.Text(4),
                    Detail = _deadLetters.Text(5),
                    Size = (int)_deadLetters.Int64(6),
                    Sample = _deadLetters.Blob(7),
                }));
            }

            return page;
        }
        finally
        {
            _deadLetters.Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _moment.Dispose();
        _due.Dispose();
        _deadLetters.Dispose();
        Sessions.Dispose();
        Log.Dispose();
        Twins.Dispose();
        _rows.Dispose();
        _connection.Dispose();
    }
}
