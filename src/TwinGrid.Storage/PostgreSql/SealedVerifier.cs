using Npgsql;
using TwinGrid.Storage.History;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Reads every row of sealed history in the transaction under way, the parts of each twin in order, and compares what
/// they hold with how far the twin is sealed. Holds a number per twin in memory.
/// </summary>
/// <param name="rows">Reads.</param>
/// <param name="damage">Is told of what is damaged.</param>
/// <param name="tally">Counts.</param>
/// <param name="keep">How long turns are kept, microseconds.</param>
/// <param name="now">Unix microseconds.</param>
/// <param name="isListed">True where there is a list of what partitions have.</param>
internal sealed class SealedVerifier(
    RowScan rows, FoundDamage damage, StoreTally tally, long keep, long now, bool isListed)
{
    private const string PartitionsSql = """
        SELECT n.name, true FROM history_partition p, LATERAL (VALUES
            ('history_turns_' || p.partition_id, 'history_turns'::regclass),
            ('history_readings_' || p.partition_id, 'history_readings'::regclass)) AS n(name, parent)
        WHERE p.ends + p.keep > $1 AND NOT EXISTS (
            SELECT 1 FROM pg_inherits i WHERE i.inhparent = n.parent AND i.inhrelid = to_regclass(n.name))
        UNION ALL
        SELECT c.relname, false FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent IN ('history_turns'::regclass, 'history_readings'::regclass) AND NOT EXISTS (
            SELECT 1 FROM history_partition p
            WHERE c.relname IN ('history_turns_' || p.partition_id, 'history_readings_' || p.partition_id))
        """;

    private const string TurnsSql = """
        SELECT u.kind, u.key, h.twin_id, h.record, h.first_revision, h.last_revision, h.first_time, h.last_time, h.crc,
            h.turns, h.state, u.erased_before, z.revision, z.sealed_at
        FROM history_turns h LEFT JOIN twin u ON u.twin_id = h.twin_id LEFT JOIN sealed z ON z.twin_id = h.twin_id
        ORDER BY h.twin_id, h.first_revision
        """;

    private const string ReadingsSql = """
        SELECT u.kind, u.key, h.twin_id, h.record, h.first_revision, h.last_revision, h.first_time, h.last_time, h.crc,
            h.readings, h.telemetry, u.erased_before
        FROM history_readings h LEFT JOIN twin u ON u.twin_id = h.twin_id
        """;

    private const string StatesSql = """
        SELECT u.kind, u.key, z.twin_id, u.erased_before, z.sealed_at,
            z.record, z.revision, z.fold_version, z.next_due, z.crc, z.state
        FROM sealed z LEFT JOIN twin u ON u.twin_id = z.twin_id
        """;

    private const string ListedSql = """
        SELECT u.kind, u.key, i.contents, c.names, c.counts FROM sealed_in i
        JOIN history_partition p ON p.partition_id = i.partition_id AND p.listed
        LEFT JOIN twin u ON u.twin_id = i.twin_id,
        LATERAL (
            SELECT COALESCE(array_agg(n.telemetry), '{}') AS names, COALESCE(array_agg(n.blocks), '{}') AS counts
            FROM (
                SELECT r.telemetry, count(*) AS blocks FROM history_readings r
                WHERE r.twin_id = i.twin_id AND r.partition_id = i.partition_id GROUP BY r.telemetry) n) c
        WHERE i.contents IS NOT NULL AND p.ends + p.keep > $1
        """;

    private readonly HashSet<long> _withParts = [];
    private (long Number, SealedTwin Twin, long Mark) _at;
    private SealedSpan _parts;

    /// <summary>What an operator does about damaged history.</summary>
    public static string Remedy =>
        "Check the server's disk, and restore a backup of the database while the silos are stopped. Without it the "
        + "twins live on, and questions about that time fail.";

    /// <summary>Reads everything.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        await rows.ReadAsync(PartitionsSql, ReadPartition, cancellationToken, now).ConfigureAwait(false);
        await rows.ReadAsync(TurnsSql, ReadSegment, cancellationToken).ConfigureAwait(false);
        EndTwin();
        await rows.ReadAsync(ReadingsSql, ReadBlock, cancellationToken).ConfigureAwait(false);
        await rows.ReadAsync(StatesSql, ReadState, cancellationToken).ConfigureAwait(false);
        if (isListed)
        {
            await rows.ReadAsync(ListedSql, ReadListed, cancellationToken, now).ConfigureAwait(false);
        }
    }

    private void ReadPartition(NpgsqlDataReader row) => damage.OfFile(
        row.GetBoolean(1)
            ? $"the partition {row.GetString(0)} is missing"
            : $"the partition {row.GetString(0)} is no row of the table history_partition: it would never be dropped",
        Remedy);

    private void ReadSegment(NpgsqlDataReader row)
    {
        HistoryRow segment = Row(row, null, row.IsDBNull(10) ? null : row.GetFieldValue<byte[]>(10));
        tally.AddSegment(segment.LastRevision - segment.FirstRevision + 1, segment.Packed.Length);
        if (RowScan.Twin(row) is not { } twin)
        {
            damage.OfFile($"{HistoryRowCheck.Name(segment)} belongs to no twin (number {row.GetInt64(2)})", Remedy);
            return;
        }

        if (_at.Number != row.GetInt64(2))
        {
            EndTwin();
            BeginTwin(row, twin);
        }

        Check(row, twin, segment);
        if (segment.FirstRevision <= _parts.Last)
        {
            damage.OfTwin(
                twin,
                segment.FirstRevision,
                $"{HistoryRowCheck.Name(segment)} has turns again that a segment before it has",
                Remedy);
        }

        _parts.Add(segment.FirstRevision, segment.LastRevision, segment.LastTime);
    }

    private void BeginTwin(NpgsqlDataReader row, TwinId twin)
    {
        bool isSealed = !row.IsDBNull(12);
        _at = (
            row.GetInt64(2),
            new SealedTwin(twin, isSealed ? row.GetInt64(12) : 0, 1, isSealed ? row.GetInt64(13) : 0),
            row.GetInt64(11) - 1);
        _parts = Parts(twin);
        _withParts.Add(_at.Number);
    }

    // What is sealed lies before the mark in the twin's row, and the state there is where sealing goes on.
    private void EndTwin()
    {
        if (_at.Number == 0)
        {
            return;
        }

        _parts.End(_at.Twin);
        if (_parts.Last > _at.Mark)
        {
            damage.OfTwin(
                _at.Twin.Twin,
                _at.Mark + 1,
                $"turns up to revision {_parts.Last} are sealed, and its log goes on from before them");
        }
        else if (_at.Twin.Sealed == 0 && _parts.Last == _at.Mark)
        {
            damage.OfTwin(_at.Twin.Twin, _at.Mark, "the state after its sealed turns is missing");
        }

        _at = default;
    }

    private void ReadBlock(NpgsqlDataReader row)
    {
        HistoryRow block = Row(row, row.GetString(10), null);
        tally.AddBlock(block.Packed.Length);
        if (RowScan.Twin(row) is not { } twin)
        {
            damage.OfFile($"{HistoryRowCheck.Name(block)} belongs to no twin (number {row.GetInt64(2)})", Remedy);
            return;
        }

        Check(row, twin, block);
        if (block.LastRevision >= row.GetInt64(11))
        {
            damage.OfTwin(
                twin,
                block.FirstRevision,
                $"{HistoryRowCheck.Name(block)} is of turns that are not sealed",
                Remedy);
        }
    }

    private void ReadState(NpgsqlDataReader row)
    {
        byte[] state = row.GetFieldValue<byte[]>(10);
        tally.AddSnapshot(state.Length);
        if (RowScan.Twin(row) is not { } twin)
        {
            damage.OfFile($"a sealed state (revision {row.GetInt64(6)}) belongs to no twin");
            return;
        }

        StoredSnapshot snapshot = new()
        {
            Twin = twin,
            Revision = row.GetInt64(6),
            FoldVersion = (byte)row.GetInt16(7),
            NextDue = row.IsDBNull(8) ? null : row.GetInt64(8),
            State = state,
        };
        damage.Check("sealed state", snapshot, row.GetInt16(5), (uint)row.GetInt32(9));
        if (snapshot.Revision < row.GetInt64(3) - 1)
        {
            damage.OfTwin(
                twin, snapshot.Revision, $"the sealed state is not that after revision {row.GetInt64(3) - 1}");
        }

        if (!_withParts.Contains(row.GetInt64(2)))
        {
            Parts(twin).End(new SealedTwin(twin, snapshot.Revision, 1, row.GetInt64(4)));
        }
    }

    private void ReadListed(NpgsqlDataReader row)
    {
        if (RowScan.Twin(row) is not { } twin)
        {
            damage.OfFile("what a partition should have belongs to no twin", Remedy);
            return;
        }

        try
        {
            PartitionContents listed = PartitionContents.Unpack(twin, row.GetFieldValue<byte[]>(2));
            string[] names = row.GetFieldValue<string[]>(3);
            long[] counts = row.GetFieldValue<long[]>(4);

            // A block that another telemetry has instead was told by its checksum.
            if (counts.Sum() >= listed.Telemetry.Sum(static sort => sort.Value.Rows))
            {
                return;
            }

            foreach ((string telemetry, SealedRows blocks) in listed.Telemetry)
            {
                int place = Array.IndexOf(names, telemetry);
                long missing = blocks.Rows - (place < 0 ? 0 : counts[place]);
                if (missing > 0)
                {
                    damage.OfTwin(
                        twin,
                        blocks.FirstRevision,
                        PartitionContents.Missing(telemetry, missing, blocks.Rows),
                        Remedy);
                }
            }
        }
        catch (TwinGridException e)
        {
            damage.OfTwin(twin, 1, $"what its partitions should have cannot be told: {e.Message}", Remedy);
        }
    }

    private SealedSpan Parts(TwinId twin) => new(keep, now, (first, last) => damage.OfTwin(
        twin, first, $"the sealed turns up to revision {last} are in no partition", Remedy));

    private void Check(NpgsqlDataReader row, TwinId twin, HistoryRow part) =>
        HistoryRowCheck.Run(part, twin, row.GetInt16(3), (uint)row.GetInt32(8), damage, Remedy);

    private static HistoryRow Row(NpgsqlDataReader row, string? telemetry, byte[]? state) => new(
        telemetry,
        row.GetInt64(4),
        row.GetInt64(5),
        row.GetInt64(6),
        row.GetInt64(7),
        row.GetFieldValue<byte[]>(9),
        state);
}
