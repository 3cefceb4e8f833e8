using Npgsql;
using TwinGrid.Storage.History;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Reads a twin's whole log, sealed or not, each answer of one moment: what is sealed is read from segments alone,
/// whatever of its single turns is still there.
/// </summary>
internal static class PastReading
{
    /// <summary>Single turns that are read at once, and the bytes after which no further one is.</summary>
    private const int PageTurns = 128;
    private const int PageBytes = 1 << 20;

    private const string TurnsSql = """
        SELECT record, revision, time, fold_version, crc, inputs FROM turn
        WHERE twin_id = $1 AND revision >= $2 AND revision <= $3 ORDER BY revision LIMIT $4
        """;

    private const string AtSql = """
        SELECT revision FROM turn WHERE twin_id = $1 AND revision > $2 AND time <= $3 ORDER BY revision DESC LIMIT 1
        """;

    private const string UnsealedSql = """
        SELECT u.twin_id, u.kind, u.key FROM twin u LEFT JOIN sealed z ON z.twin_id = u.twin_id
        WHERE u.twin_id > $1 AND (
            u.snapshot_revision - u.erased_before + 1 >= $2
            OR (u.snapshot_revision >= u.erased_before AND COALESCE(z.sealed_at, 0) < $3))
        ORDER BY u.twin_id LIMIT $4
        """;

    /// <summary>Where a twin's log stands; null for an unknown twin.</summary>
    public static async Task<StoredLog?> ReadLogAsync(
        NpgsqlConnection connection, TwinId twin, CancellationToken cancellationToken)
    {
        if (await LogPosition.FindAsync(connection, twin, withStates: true, cancellationToken).ConfigureAwait(false)
            is not { } log)
        {
            return null;
        }

        (long Revision, long Time)? oldest = await SegmentReading
            .FindOldestAsync(connection, log.Number, cancellationToken).ConfigureAwait(false);
        return new StoredLog
        {
            Head = log.Head,
            Sealed = log.Sealed,
            Oldest = oldest?.Revision ?? log.Sealed + 1,
            SealedState = log.State,
            Snapshot = log.Snapshot,
        };
    }

    /// <summary>Some turns from a revision on, in order and without a gap; none where it is after the newest.</summary>
    /// <exception cref="TwinGridException">The first is damaged or gone.</exception>
    public static async Task<IReadOnlyList<TwinTurn>> ReadTurnsAsync(
        NpgsqlConnection connection, TwinId twin, long from, long through, CancellationToken cancellationToken)
    {
        LogPosition? log = await LogPosition.FindAsync(connection, twin, withStates: false, cancellationToken)
            .ConfigureAwait(false);
        if (log is null || from > log.Head)
        {
            return [];
        }

        if (from > log.Sealed)
        {
            return await ReadRowsAsync(connection, twin, log.Number, from, through, cancellationToken)
                .ConfigureAwait(false);
        }

        HistoryRow segment = await SegmentReading
            .FindAsync(connection, twin, log.Number, from, cancellationToken).ConfigureAwait(false)
            ?? throw LogRow.Missing(twin, from);
        return [.. segment.Turns(twin).Where(turn => turn.Revision >= from && turn.Revision <= through)];
    }

    /// <summary>Where a refold of one moment begins and ends; null for an unknown twin.</summary>
    public static async Task<StoredPast?> FindPastAsync(
        NpgsqlConnection connection, TwinId twin, long? revision, long time, CancellationToken cancellationToken)
    {
        if (await LogPosition.FindAsync(connection, twin, withStates: true, cancellationToken).ConfigureAwait(false)
            is not { } log)
        {
            return null;
        }

        (long Revision, long Time)? oldest = await SegmentReading
            .FindOldestAsync(connection, log.Number, cancellationToken).ConfigureAwait(false);
        StoredPast none = new()
        {
            Oldest = oldest?.Revision ?? log.Sealed + 1,
            OldestTime = oldest?.Time,
            Revision = 0,
        };
        long asked = revision
            ?? await FindAtAsync(connection, log.Number, log.Sealed, time, cancellationToken).ConfigureAwait(false);
        if (asked > log.Head || (revision is not null && asked < none.Oldest))
        {
            return none;
        }

        if (asked > log.Sealed)
        {
            bool isNear = log.Snapshot?.Revision is { } at && at <= asked && at > log.Sealed;
            return none with { Revision = asked, Base = isNear ? log.Snapshot : log.State };
        }

        HistoryRow? segment = revision is null
            ? await SegmentReading.FindAtAsync(connection, twin, log.Number, time, cancellationToken)
                .ConfigureAwait(false)
            : await SegmentReading.FindAsync(connection, twin, log.Number, asked, cancellationToken)
                .ConfigureAwait(false);
        return segment is null
            ? none
            : none with
            {
                Revision = revision ?? segment.Turns(twin).Last(turn => turn.Time <= time).Revision,
                Base = segment.Before(twin),
            };
    }

    /// <summary>The next twins after a number that may be sealed, in the order of their numbers.</summary>
    public static async Task<List<(long Number, TwinId Twin)>> ReadUnsealedAsync(
        NpgsqlConnection connection,
        long turns,
        long sealedBefore,
        long after,
        long limit,
        CancellationToken cancellationToken)
    {
        List<(long, TwinId)> page = [];
        NpgsqlCommand read = Command(connection, UnsealedSql, after, turns, sealedBefore, limit);
        await using (read.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    page.Add((row.GetInt64(0), new TwinId(row.GetString(1), row.GetString(2))));
                }
            }
        }

        return page;
    }

    private static async Task<List<TwinTurn>> ReadRowsAsync(
        NpgsqlConnection connection,
        TwinId twin,
        long number,
        long from,
        long through,
        CancellationToken cancellationToken)
    {
        List<TwinTurn> turns = [];
        long bytes = 0;
        NpgsqlCommand read = Command(connection, TurnsSql, number, from, through, PageTurns);
        await using (read.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                while (bytes < PageBytes && await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    turns.Add(TwinReading.Turn(row, twin, from + turns.Count));
                    bytes += turns[^1].Inputs.Length;
                }
            }
        }

        return turns.Count > 0 || through < from ? turns : throw LogRow.Missing(twin, from);
    }

    // The newest single turn at or before a time; 0 where there is none.
    private static async Task<long> FindAtAsync(
        NpgsqlConnection connection, long number, long after, long time, CancellationToken cancellationToken)
    {
        NpgsqlCommand find = Command(connection, AtSql, number, after, time);
        await using (find.ConfigureAwait(false))
        {
            return await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as long? ?? 0;
        }
    }

    private static NpgsqlCommand Command(
        NpgsqlConnection connection, string sql, params ReadOnlySpan<long> numbers)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        foreach (long number in numbers)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        }

        return command;
    }
}
