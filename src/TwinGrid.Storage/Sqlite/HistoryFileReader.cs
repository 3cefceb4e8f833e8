using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Reads one partition. Belongs to one thread.</summary>
internal sealed class HistoryFileReader : IDisposable
{
    private const int CacheKib = 1_024;

    private const string TurnColumns =
        "SELECT record, first_revision, last_revision, first_time, last_time, crc, turns, state FROM turns ";

    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _findTwin;
    private readonly SqliteStatement _byRevision;
    private readonly SqliteStatement _byTime;
    private readonly SqliteStatement _oldestTurns;
    private readonly SqliteStatement _telemetry;
    private readonly SqliteStatement _readings;
    private readonly SqliteStatement _count;

    private HistoryFileReader(SqliteConnection connection)
    {
        _connection = connection;
        _findTwin = new(_connection, "SELECT twin_id FROM twin WHERE tenant = ?1 AND kind = ?2 AND key = ?3");
        _byRevision = new(_connection, TurnColumns + """
            WHERE twin_id = ?1 AND first_revision <= ?2 AND last_revision BETWEEN ?2 AND ?3
            ORDER BY first_revision DESC LIMIT 1
            """);
        _byTime = new(_connection, TurnColumns + """
            WHERE twin_id = ?1 AND first_time <= ?2 AND last_revision <= ?3 ORDER BY first_revision DESC LIMIT 1
            """);
        _oldestTurns = new(_connection, TurnColumns + """
            WHERE twin_id = ?1 AND last_revision <= ?2 ORDER BY first_revision LIMIT 1
            """);
        _telemetry = new(_connection, """
            SELECT name, least FROM (
                SELECT telemetry_id, name, (
                    SELECT min(first_time) FROM readings
                    WHERE twin_id = ?1 AND readings.telemetry_id = telemetry.telemetry_id) AS least
                FROM telemetry)
            WHERE least IS NOT NULL
            """);

        // What starts before the range may reach into it, so it is read from the beginning of the partition.
        _readings = new(_connection, """
            SELECT record, first_revision, last_revision, first_time, last_time, crc, readings FROM readings
            WHERE twin_id = ?1 AND telemetry_id = (SELECT telemetry_id FROM telemetry WHERE name = ?2)
                AND first_time < ?4 AND last_time >= ?3 AND last_revision <= ?5
            ORDER BY first_time, readings_id
            """);
        _count = new(_connection, """
            SELECT count(*) FROM readings
            WHERE twin_id = ?1 AND telemetry_id = (SELECT telemetry_id FROM telemetry WHERE name = ?2)
                AND last_revision <= ?3
            """);
    }

    /// <summary>Opens a file; null for one that has no tables, because its making never ended.</summary>
    /// <exception cref="SqliteException">It is not there, is damaged, or is no database.</exception>
    public static HistoryFileReader? Open(SqliteDatabase file)
    {
        // Only what is there: one that was dropped meanwhile would be made anew, and empty.
        SqliteConnection connection = file.OpenToRead(CacheKib);
        try
        {
            if (HistoryFileSchema.IsMade(connection))
            {
                return new HistoryFileReader(connection);
            }
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        connection.Dispose();
        return null;
    }

    /// <summary>The segment with a revision's turn, if it is here.</summary>
    public HistoryRow? FindTurns(TwinId twin, long revision, long through) =>
        FindTwin(twin) is { } number ? ReadTurns(_byRevision, twin, number, revision, through) : null;

    /// <summary>The last segment with a turn at or before a time, if it is here.</summary>
    public HistoryRow? FindTurnsAt(TwinId twin, long time, long through) =>
        FindTwin(twin) is { } number ? ReadTurns(_byTime, twin, number, time, through) : null;

    /// <summary>The oldest segment that is here, or null.</summary>
    public HistoryRow? FindOldest(TwinId twin, long through) =>
        FindTwin(twin) is { } number ? ReadTurns(_oldestTurns, twin, number, through, null) : null;

    /// <summary>The telemetry that has readings here, each with its oldest time.</summary>
    public IReadOnlyDictionary<string, long> ReadTelemetry(TwinId twin)
    {
        Dictionary<string, long> oldest = new(StringComparer.Ordinal);
        if (FindTwin(twin) is not { } number)
        {
            return oldest;
        }

        try
        {
            _telemetry.Bind(1, number);
            while (_telemetry.Step())
            {
                oldest[_telemetry.Text(0)] = _telemetry.Int64(1);
            }

            return oldest;
        }
        finally
        {
            _telemetry.Reset();
        }
    }

    /// <summary>How many blocks of a telemetry are here, of parts that end at or before a revision.</summary>
    public long CountBlocks(TwinId twin, string telemetry, long through)
    {
        try
        {
            return FindTwin(twin) is { } number && _count.Bind(1, number).Bind(2, telemetry).Bind(3, through).Step()
                ? _count.Int64(0)
                : 0;
        }
        finally
        {
            _count.Reset();
        }
    }

    /// <summary>The readings of one telemetry that reach into a range, ordered by their first time.</summary>
    public List<HistoryRow> ReadReadings(TwinId twin, string telemetry, long from, long to, long through)
    {
        List<HistoryRow> rows = [];
        if (FindTwin(twin) is not { } number)
        {
            return rows;
        }

        try
        {
            _readings.Bind(1, number).Bind(2, telemetry).Bind(3, from).Bind(4, to).Bind(5, through);
            while (_readings.Step())
            {
                HistoryRow row = new(
                    telemetry,
                    _readings.Int64(1),
                    _readings.Int64(2),
                    _readings.Int64(3),
                    _readings.Int64(4),
                    _readings.Blob(6));
                row.EnsureIntact(_readings.Int64(0), (uint)_readings.Int64(5), twin);
                rows.Add(row);
            }

            return rows;
        }
        finally
        {
            _readings.Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _findTwin.Dispose();
        _byRevision.Dispose();
        _byTime.Dispose();
        _oldestTurns.Dispose();
        _telemetry.Dispose();
        _readings.Dispose();
        _count.Dispose();
        _connection.Dispose();
    }

    private long? FindTwin(TwinId twin) => _findTwin.Bind(twin).Find();

    private static HistoryRow? ReadTurns(
        SqliteStatement statement, TwinId twin, long number, long second, long? third)
    {
        try
        {
            statement.Bind(1, number).Bind(2, second);
            if (third is not null)
            {
                statement.Bind(3, third);
            }

            if (!statement.Step())
            {
                return null;
            }

            HistoryRow row = new(
                null,
                statement.Int64(1),
                statement.Int64(2),
                statement.Int64(3),
                statement.Int64(4),
                statement.Blob(6),
                statement.IsNull(7) ? null : statement.Blob(7));
            row.EnsureIntact(statement.Int64(0), (uint)statement.Int64(5), twin);
            return row;
        }
        finally
        {
            statement.Reset();
        }
    }
}
