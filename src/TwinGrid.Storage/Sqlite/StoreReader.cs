using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>A connection that reads, each time from one consistent moment. Belongs to one thread.</summary>
internal sealed class StoreReader : IDisposable
{
    private const int CacheKib = 8_192;

    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _end;
    private readonly SqliteStatement _head;
    private readonly SqliteStatement _snapshot;
    private readonly SqliteStatement _turn;
    private readonly SqliteStatement _previous;
    private readonly SqliteStatement _due;
    private readonly SqliteStatement _deadLetters;

    public StoreReader(SqliteDatabase database)
    {
        _connection = database.Open(CacheKib);
        _begin = new(_connection, "BEGIN");
        _end = new(_connection, "COMMIT");
        _head = new(_connection, """
            SELECT twin_id, erased_before, revision, turn_id FROM twin JOIN head USING (twin_id)
            WHERE tenant = ?1 AND kind = ?2 AND key = ?3
            """);
        _snapshot = new(_connection, """
            SELECT record, revision, fold_version, next_due, crc, state FROM snapshot WHERE twin_id = ?1
            """);
        _turn = new(_connection, """
            SELECT record, time, fold_version, crc, inputs, previous_turn_id FROM turn
            WHERE turn_id = ?1 AND twin_id = ?2
            """);
        _previous = new(_connection, "SELECT previous_turn_id FROM turn WHERE turn_id = ?1 AND twin_id = ?2");
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
    }

    /// <summary>Reads sessions.</summary>
    public SessionReader Sessions { get; }

    /// <summary>A twin's newest snapshot and the turns after it.</summary>
    /// <exception cref="TwinGridException">A row is damaged or missing.</exception>
    public StoredTwin Load(TwinId twin) => AtOneMoment(() =>
    {
        if (FindHead(twin) is not { } head)
        {
            return new StoredTwin(null, []);
        }

        StoredSnapshot? snapshot = ReadSnapshot(twin, head.Twin);
        if (snapshot?.Revision > head.Revision)
        {
            throw LogRow.Missing(twin, snapshot.Revision);
        }

        long first = Math.Max(head.ErasedBefore, (snapshot?.Revision ?? 0) + 1);
        TwinTurn[] tail = new TwinTurn[Math.Max(0, head.Revision - first + 1)];
        long turnId = head.TurnId;
        for (int i = tail.Length - 1; i >= 0; i--)
        {
            tail[i] = ReadTurn(twin, head.Twin, first + i, ref turnId);
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
    public ErasePlan? PlanErasing(TwinId twin, long beforeRevision) => AtOneMoment(() =>
    {
        if (FindHead(twin) is not { } head)
        {
            return null;
        }

        long before = Math.Min(beforeRevision, head.Revision + 1);
        List<long> turnIds = [];
        long turnId = head.TurnId;
        for (long revision = head.Revision; revision >= head.ErasedBefore; revision--)
        {
            if (revision < before)
            {
                turnIds.Add(turnId);
            }

            turnId = FindPrevious(head.Twin, turnId) ?? throw LogRow.Missing(twin, revision);
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
        _begin.Dispose();
        _end.Dispose();
        _head.Dispose();
        _snapshot.Dispose();
        _turn.Dispose();
        _previous.Dispose();
        _due.Dispose();
        _deadLetters.Dispose();
        Sessions.Dispose();
        _connection.Dispose();
    }

    private TResult AtOneMoment<TResult>(Func<TResult> read)
    {
        _begin.Run();
        try
        {
            return read();
        }
        finally
        {
            _end.Run();
        }
    }

    private Head? FindHead(TwinId twin)
    {
        try
        {
            _head.Bind(1, TwinId.DefaultTenant).Bind(2, twin.Kind).Bind(3, twin.Key);
            return _head.Step() ? new Head(_head.Int64(0), _head.Int64(1), _head.Int64(2), _head.Int64(3)) : null;
        }
        finally
        {
            _head.Reset();
        }
    }

    private StoredSnapshot? ReadSnapshot(TwinId twin, long number)
    {
        try
        {
            if (!_snapshot.Bind(1, number).Step())
            {
                return null;
            }

            StoredSnapshot snapshot = new()
            {
                Twin = twin,
                Revision = _snapshot.Int64(1),
                FoldVersion = (byte)_snapshot.Int64(2),
                NextDue = _snapshot.NullableInt64(3),
                State = _snapshot.Blob(5),
            };
            LogRow.EnsureReadable(_snapshot.Int64(0), twin, snapshot.Revision);
            LogRow.EnsureIntact(
                (uint)_snapshot.Int64(4), LogRow.Checksum(snapshot), "snapshot", twin, snapshot.Revision);
            return snapshot;
        }
        finally
        {
            _snapshot.Reset();
        }
    }

    /// <summary>Reads the turn of a row and goes to the row before it.</summary>
    private TwinTurn ReadTurn(TwinId twin, long number, long revision, ref long turnId)
    {
        try
        {
            if (!_turn.Bind(1, turnId).Bind(2, number).Step())
            {
                throw LogRow.Missing(twin, revision);
            }

            LogRow.EnsureReadable(_turn.Int64(0), twin, revision);
            TwinTurn turn = new()
            {
                Twin = twin,
                Revision = revision,
                Time = _turn.Int64(1),
                FoldVersion = (byte)_turn.Int64(2),
                Inputs = _turn.Blob(4),
            };
            LogRow.EnsureIntact((uint)_turn.Int64(3), LogRow.Checksum(turn), "turn", twin, revision);
            turnId = _turn.Int64(5);
            return turn;
        }
        finally
        {
            _turn.Reset();
        }
    }

    private long? FindPrevious(long number, long turnId)
    {
        try
        {
            return _previous.Bind(1, turnId).Bind(2, number).Step() ? _previous.Int64(0) : null;
        }
        finally
        {
            _previous.Reset();
        }
    }

    private readonly record struct Head(long Twin, long ErasedBefore, long Revision, long TurnId);
}
