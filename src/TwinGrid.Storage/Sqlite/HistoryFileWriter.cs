using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Writes one partition. Belongs to one thread.</summary>
internal sealed class HistoryFileWriter : IDisposable
{
    private const int CacheKib = 2_048;

    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _rollback;
    private readonly SqliteStatement _findTwin;
    private readonly SqliteStatement _addTwin;
    private readonly SqliteStatement _findTelemetry;
    private readonly SqliteStatement _addTelemetry;
    private readonly SqliteStatement _addTurns;
    private readonly SqliteStatement _addReadings;
    private readonly SqliteStatement[] _deletes;

    public HistoryFileWriter(SqliteDatabase database)
    {
        _connection = database.Open(CacheKib);
        try
        {
            HistoryFileSchema.Ensure(_connection);
            _begin = new(_connection, "BEGIN IMMEDIATE");
            _commit = new(_connection, "COMMIT");
            _rollback = new(_connection, "ROLLBACK");
            _findTwin = new(_connection, "SELECT twin_id FROM twin WHERE tenant = ?1 AND kind = ?2 AND key = ?3");
            _addTwin = new(_connection, "INSERT INTO twin (tenant, kind, key) VALUES (?1, ?2, ?3) RETURNING twin_id");
            _findTelemetry = new(_connection, "SELECT telemetry_id FROM telemetry WHERE name = ?1");
            _addTelemetry = new(_connection, "INSERT INTO telemetry (name) VALUES (?1) RETURNING telemetry_id");
            _addTurns = new(_connection, """
                INSERT INTO turns (
                    record, twin_id, first_revision, last_revision, first_time, last_time, crc, turns, state)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, iif(?9, ?10, NULL))
                """);
            _addReadings = new(_connection, """
                INSERT INTO readings (
                    record, twin_id, first_revision, last_revision, first_time, last_time, crc, readings, telemetry_id)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                """);
            _deletes =
            [
                new(_connection, "DELETE FROM turns WHERE twin_id = ?1 AND last_revision BETWEEN ?2 AND ?3"),
                new(_connection, "DELETE FROM readings WHERE twin_id = ?1 AND last_revision BETWEEN ?2 AND ?3"),
            ];
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>Appends rows of a twin in one transaction that is on disk at the end.</summary>
    public void Append(TwinId twin, IReadOnlyList<HistoryRow> rows) => Transact(() =>
    {
        long number = _findTwin.Bind(twin).Find() ?? _addTwin.Bind(twin).Find()!.Value;
        foreach (HistoryRow row in rows)
        {
            SqliteStatement add = row.Telemetry is null ? _addTurns : _addReadings;
            add.Bind(1, HistoryRow.Version)
                .Bind(2, number)
                .Bind(3, row.FirstRevision)
                .Bind(4, row.LastRevision)
                .Bind(5, row.FirstTime)
                .Bind(6, row.LastTime)
                .Bind(7, (int)row.Checksum(twin))
                .Bind(8, row.Packed.Span);
            if (row.Telemetry is null)
            {
                add.Bind(9, row.State is null ? 0 : 1).Bind(10, row.State.AsSpan()).Run();
            }
            else
            {
                add.Bind(9, FindOrAddTelemetry(row.Telemetry)).Run();
            }
        }
    });

    /// <summary>Deletes the rows of parts that end in a range of revisions.</summary>
    public void Delete(TwinId twin, long from, long through)
    {
        if (_findTwin.Bind(twin).Find() is { } number)
        {
            Transact(() => Array.ForEach(
                _deletes, delete => delete.Bind(1, number).Bind(2, from).Bind(3, through).Run()));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        SqliteStatement[] others =
        [
            _begin, _commit, _rollback, _findTwin, _addTwin, _findTelemetry, _addTelemetry, _addTurns, _addReadings,
        ];
        Array.ForEach([.. others, .. _deletes], statement => statement.Dispose());
        _connection.Dispose();
    }

    private void Transact(Action work)
    {
        _begin.Run();
        try
        {
            work();
            _commit.Run();
        }
        catch
        {
            // Some failures have rolled back already.
            if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
            {
                _rollback.Run();
            }

            throw;
        }
    }

    private long FindOrAddTelemetry(string name) =>
        _findTelemetry.Bind(1, name).Find() ?? _addTelemetry.Bind(1, name).Find()!.Value;
}
