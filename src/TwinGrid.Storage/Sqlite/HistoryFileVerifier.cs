using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Reads every row of one partition, and says which revisions of a twin it holds.</summary>
internal sealed class HistoryFileVerifier : IDisposable
{
    private const int CacheKib = 1_024;

    private const string Turns = """
        SELECT turns_id, record, first_revision, last_revision, first_time, last_time, crc, turns, state,
            tenant, kind, key
        FROM turns LEFT JOIN twin USING (twin_id) WHERE turns_id >= ?1 ORDER BY turns_id
        """;

    private const string Readings = """
        SELECT readings_id, record, first_revision, last_revision, first_time, last_time, crc, readings, name,
            tenant, kind, key
        FROM readings LEFT JOIN twin USING (twin_id) LEFT JOIN telemetry USING (telemetry_id)
        WHERE readings_id >= ?1 ORDER BY readings_id
        """;

    private const string Parts = """
        SELECT first_revision, last_revision, last_time FROM turns
        WHERE twin_id = (SELECT twin_id FROM twin WHERE tenant = ?1 AND kind = ?2 AND key = ?3) AND last_revision <= ?4
        ORDER BY first_revision
        """;

    private const string Blocks = """
        SELECT count(*) FROM readings
        WHERE twin_id = (SELECT twin_id FROM twin WHERE tenant = ?1 AND kind = ?2 AND key = ?3) AND last_revision <= ?4
            AND telemetry_id = (SELECT telemetry_id FROM telemetry WHERE name = ?5)
        """;

    private readonly SqliteConnection _connection;
    private readonly FoundDamage _damage;
    private SqliteStatement? _parts;
    private SqliteStatement? _blocks;

    /// <summary>Opens the file.</summary>
    /// <exception cref="SqliteException">It is no database.</exception>
    public HistoryFileVerifier(SqliteDatabase file, FoundDamage damage)
    {
        _damage = damage;
        _connection = file.OpenToRead(CacheKib);
        Name = Path.GetFileName(file.File);
    }

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>False for a file whose making never ended.</summary>
    public bool IsMade => HistoryFileSchema.IsMade(_connection);

    /// <summary>What an operator does about a damaged or missing partition.</summary>
    public static string Remedy =>
        "Keep the damaged file, check the disk, and put the file of a backup in its place while the silo is stopped. "
        + "Without it the twins live on, and questions about that time fail.";

    /// <summary>What an operator does about a file that was never used.</summary>
    public static string NothingLost =>
        "Nothing is lost with an empty history file that nothing was sealed in: the silo makes its tables at its next "
        + "start.";

    /// <summary>Reads everything.</summary>
    public void Read(StoreTally tally, CancellationToken cancellationToken)
    {
        FileCheck.Run(_connection, _damage, Remedy);
        Scan("turns", Turns, row => ReadSegment(row, tally), cancellationToken);
        Scan("readings", Readings, row => ReadBlock(row, tally), cancellationToken);
    }

    /// <summary>The parts of a twin's log that are here, up to how far it is sealed.</summary>
    public void AddParts(in SealedTwin twin, List<(long First, long Last, long LastTime)> parts)
    {
        try
        {
            _parts ??= new(_connection, Parts);
            _parts.Bind(twin.Twin).Bind(4, twin.Sealed);
            while (_parts.Step())
            {
                parts.Add((_parts.Int64(0), _parts.Int64(1), _parts.Int64(2)));
            }
        }
        catch (SqliteException e) when (TableScan.IsDamage(e))
        {
            _damage.OfTwin(twin.Twin, twin.Sealed, $"its sealed turns cannot be found: {e.Message}", Remedy);
        }
        finally
        {
            _parts?.Reset();
        }
    }

    /// <summary>Compares the blocks of a twin that are here with what is listed of them.</summary>
    public void CountBlocks(in SealedTwin twin, PartitionContents listed)
    {
        foreach ((string telemetry, SealedRows rows) in listed.Telemetry)
        {
            long missing = rows.Rows - Count(twin, telemetry);
            if (missing > 0)
            {
                _damage.OfTwin(
                    twin.Twin, rows.FirstRevision, PartitionContents.Missing(telemetry, missing, rows.Rows), Remedy);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parts?.Dispose();
        _blocks?.Dispose();
        _connection.Dispose();
    }

    // What cannot be read is told where it is read.
    private long Count(in SealedTwin twin, string telemetry)
    {
        try
        {
            _blocks ??= new(_connection, Blocks);
            _blocks.Bind(twin.Twin).Bind(4, twin.Sealed);
            return _blocks.Bind(5, telemetry).Step() ? _blocks.Int64(0) : 0;
        }
        catch (SqliteException e) when (TableScan.IsDamage(e))
        {
            return long.MaxValue;
        }
        finally
        {
            _blocks?.Reset();
        }
    }

    private void Scan(
        string table, string sql, Action<SqliteStatement> read, CancellationToken cancellationToken) =>
        TableScan.Read(
            _connection,
            sql,
            row =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                read(row);
            },
            (first, last, e) => _damage.OfFile(FileCheck.Unreadable(table, first, last, e), Remedy));

    private void ReadSegment(SqliteStatement row, StoreTally tally)
    {
        HistoryRow segment = Row(row, null, row.IsNull(8) ? null : row.Blob(8));
        tally.AddSegment(segment.LastRevision - segment.FirstRevision + 1, segment.Packed.Length);
        Check(row, segment);
    }

    private void ReadBlock(SqliteStatement row, StoreTally tally)
    {
        HistoryRow block = Row(row, row.Text(8), null);
        tally.AddBlock(block.Packed.Length);
        Check(row, block);
    }

    private static HistoryRow Row(SqliteStatement row, string? telemetry, byte[]? state) => new(
        telemetry, row.Int64(2), row.Int64(3), row.Int64(4), row.Int64(5), row.Blob(7), state);

    private void Check(SqliteStatement row, HistoryRow part)
    {
        string kind = row.Text(10);
        string key = row.Text(11);
        if (!TwinId.IsSegment(kind) || !TwinId.IsSegment(key))
        {
            _damage.OfFile($"{HistoryRowCheck.Name(part)}, row {row.Int64(0)}, belongs to no twin", Remedy);
            return;
        }

        HistoryRowCheck.Run(part, new TwinId(kind, key), row.Int64(1), (uint)row.Int64(6), _damage, Remedy);
    }
}
