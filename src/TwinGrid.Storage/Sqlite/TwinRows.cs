using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Where a twin's rows begin: its number, the first turn that is a row, and its newest turn.
/// </summary>
internal readonly record struct Head(long Twin, long ErasedBefore, long Revision, long TurnId);

/// <summary>Reads the rows of one twin: its head, its states, its turns one by one. Belongs to one thread.</summary>
internal sealed class TwinRows : IDisposable
{
    private readonly SqliteStatement _head;
    private readonly SqliteStatement _snapshot;
    private readonly SqliteStatement _sealedState;
    private readonly SqliteStatement _turn;
    private readonly SqliteStatement _turnOf;
    private readonly SqliteStatement _previous;

    public TwinRows(SqliteConnection connection)
    {
        _head = new(connection, """
            SELECT twin_id, erased_before, revision, turn_id FROM twin JOIN head USING (twin_id)
            WHERE tenant = ?1 AND kind = ?2 AND key = ?3
            """);
        _snapshot = new(connection, """
            SELECT record, revision, fold_version, next_due, crc, state FROM snapshot WHERE twin_id = ?1
            """);
        _sealedState = new(connection, """
            SELECT record, revision, fold_version, next_due, crc, state FROM sealed_state WHERE twin_id = ?1
            """);
        _turn = new(connection, """
            SELECT record, time, fold_version, crc, inputs, previous_turn_id FROM turn
            WHERE turn_id = ?1 AND twin_id = ?2
            """);
        _turnOf = new(connection, """
            SELECT record, time, fold_version, crc, inputs FROM turn
            WHERE turn_id = ?1 AND twin_id = ?2 AND revision = ?3
            """);
        _previous = new(connection, """
            SELECT previous_turn_id, time FROM turn WHERE turn_id = ?1 AND twin_id = ?2 AND revision = ?3
            """);
    }

    /// <summary>The head of a twin; null for an unknown one.</summary>
    public Head? FindHead(TwinId twin)
    {
        try
        {
            _head.Bind(twin);
            return _head.Step() ? new Head(_head.Int64(0), _head.Int64(1), _head.Int64(2), _head.Int64(3)) : null;
        }
        finally
        {
            _head.Reset();
        }
    }

    /// <summary>The newest snapshot, or null.</summary>
    public StoredSnapshot? ReadSnapshot(TwinId twin, long number) => Read(_snapshot, "snapshot", twin, number);

    /// <summary>The state where sealing goes on, or null.</summary>
    public StoredSnapshot? ReadSealedState(TwinId twin, long number) =>
        Read(_sealedState, "sealed state", twin, number);

    /// <summary>Reads the turn of a row and goes to the row before it.</summary>
    public TwinTurn ReadTurn(TwinId twin, long number, long revision, ref long turnId)
    {
        try
        {
            if (!_turn.Bind(1, turnId).Bind(2, number).Step())
            {
                throw LogRow.Missing(twin, revision);
            }

            turnId = _turn.Int64(5);
            return ReadTurn(_turn, twin, revision);
        }
        finally
        {
            _turn.Reset();
        }
    }

    /// <summary>Reads the turn of a row; null where that turn's row is gone.</summary>
    public TwinTurn? TryReadTurn(TwinId twin, long number, long revision, long turnId)
    {
        try
        {
            return _turnOf.Bind(1, turnId).Bind(2, number).Bind(3, revision).Step()
                ? ReadTurn(_turnOf, twin, revision)
                : null;
        }
        finally
        {
            _turnOf.Reset();
        }
    }

    /// <summary>The row before a turn's, and the turn's time; null where that turn's row is gone.</summary>
    /// <remarks>The numbers of rows that went are given to others: only twin and revision say whose a row is.</remarks>
    public (long Previous, long Time)? FindPrevious(long number, long revision, long turnId)
    {
        try
        {
            return _previous.Bind(1, turnId).Bind(2, number).Bind(3, revision).Step()
                ? (_previous.Int64(0), _previous.Int64(1))
                : null;
        }
        finally
        {
            _previous.Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _head.Dispose();
        _snapshot.Dispose();
        _sealedState.Dispose();
        _turn.Dispose();
        _turnOf.Dispose();
        _previous.Dispose();
    }

    private static TwinTurn ReadTurn(SqliteStatement statement, TwinId twin, long revision)
    {
        LogRow.EnsureReadable(statement.Int64(0), twin, revision);
        TwinTurn turn = new()
        {
            Twin = twin,
            Revision = revision,
            Time = statement.Int64(1),
            FoldVersion = (byte)statement.Int64(2),
            Inputs = statement.Blob(4),
        };
        LogRow.EnsureIntact((uint)statement.Int64(3), LogRow.Checksum(turn), "turn", twin, revision);
        return turn;
    }

    private static StoredSnapshot? Read(SqliteStatement statement, string what, TwinId twin, long number)
    {
        try
        {
            if (!statement.Bind(1, number).Step())
            {
                return null;
            }

            StoredSnapshot snapshot = new()
            {
                Twin = twin,
                Revision = statement.Int64(1),
                FoldVersion = (byte)statement.Int64(2),
                NextDue = statement.NullableInt64(3),
                State = statement.Blob(5),
            };
            LogRow.EnsureReadable(statement.Int64(0), twin, snapshot.Revision);
            LogRow.EnsureIntact(
                (uint)statement.Int64(4), LogRow.Checksum(snapshot), what, twin, snapshot.Revision);
            return snapshot;
        }
        finally
        {
            statement.Reset();
        }
    }
}
