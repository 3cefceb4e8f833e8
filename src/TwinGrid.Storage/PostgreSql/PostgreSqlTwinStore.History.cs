using System.Runtime.CompilerServices;
using Npgsql;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.PostgreSql;

/// <content>
/// History: sealed parts lie in tables of the same database, one for each span of time. Their rows, and how far the
/// twin is sealed, are committed as one; its single turns leave the log later.
/// </content>
internal sealed partial class PostgreSqlTwinStore
{
    /// <summary>A partition may be made and be dropped again: then the silo's clock is wrong by years.</summary>
    private const int SealAttempts = 3;

    /// <inheritdoc/>
    public bool KeepsHistory => true;

    /// <inheritdoc/>
    public Task<StoredLog?> ReadLogAsync(TwinId twin, CancellationToken cancellationToken) =>
        Open.ReadAtOneMomentAsync(
            (connection, stop) => PastReading.ReadLogAsync(connection, twin, stop), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<TwinTurn> ReadTurnsAsync(
        TwinId twin, long after, long through, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long next = after + 1;
        while (next <= through)
        {
            long from = next;
            IReadOnlyList<TwinTurn> page = await Open.ReadAtOneMomentAsync(
                (connection, stop) => PastReading.ReadTurnsAsync(connection, twin, from, through, stop),
                cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
            {
                yield break;
            }

            foreach (TwinTurn turn in page)
            {
                yield return turn;
            }

            next += page.Count;
        }
    }

    /// <inheritdoc/>
    public Task<StoredPast?> FindPastAsync(
        TwinId twin, long? revision, long time, CancellationToken cancellationToken) =>
        Open.ReadAtOneMomentAsync(
            (connection, stop) => PastReading.FindPastAsync(connection, twin, revision, time, stop),
            cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> SealAsync(SealedTurns part, CancellationToken cancellationToken)
    {
        LogPosition? log = await Open.ReadAtOneMomentAsync(
            (connection, stop) => LogPosition.FindAsync(connection, part.Twin, withStates: true, stop),
            cancellationToken).ConfigureAwait(false);
        if (log is null || log.Sealed != part.Turns[0].Revision - 1)
        {
            return false;
        }

        long now = UnixMicroseconds.Now(clock);
        List<(HistorySpan Span, HistoryRow Row)> rows =
            PartRows.Of(part, log.State, limits.HistoryKeep.Microseconds, now);
        bool moved = await WriteAsync(part, log.Number, rows, now, cancellationToken).ConfigureAwait(false);
        if (moved)
        {
            (long turns, long readings) = PartRows.Bytes(rows);
            _metrics.Sealed(part, turns, readings);
        }

        return moved;
    }

    /// <inheritdoc/>
    public Task<bool> ReclaimAsync(CancellationToken cancellationToken) => Open.TryWriteAsync(
        connection => TurnReclaiming.RunAsync(connection, UnixMicroseconds.Now(clock)), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<TwinId> ReadUnsealedAsync(
        int turns, long sealedBefore, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long last = 0;
        while (true)
        {
            long after = last;
            List<(long Number, TwinId Twin)> page = await Open.ReadAsync(
                (connection, stop) => PastReading.ReadUnsealedAsync(
                    connection, turns, sealedBefore, after, DuePage, stop),
                cancellationToken).ConfigureAwait(false);
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
    public Task<IReadOnlyList<SealedTelemetry>> ReadTelemetryAsync(
        TwinId twin, CancellationToken cancellationToken) =>
        Open.ReadAsync(
            (connection, stop) => BlockReading.ReadTelemetryAsync(connection, twin, stop), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<SealedBlock> ReadSealedAsync(
        TwinId twin,
        string telemetry,
        long from,
        long to,
        long through,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await EnsureAllAsync(twin, telemetry, (from, to), cancellationToken).ConfigureAwait(false);
        BlockReading.Place? last = BlockReading.Place.Beginning;
        while (last is { } after)
        {
            (List<SealedBlock> blocks, last) = await Open.ReadAsync(
                (connection, stop) => BlockReading.ReadAsync(
                    connection, twin, telemetry, (from, to), through, after, stop),
                cancellationToken).ConfigureAwait(false);
            foreach (SealedBlock block in blocks)
            {
                yield return block;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<int> DropExpiredAsync(long now, CancellationToken cancellationToken)
    {
        int dropped = 0;
        while (await Open.TryWriteAsync(
            connection => HistoryPartitions.DropExpiredAsync(connection, now), cancellationToken)
            .ConfigureAwait(false))
        {
            dropped++;
        }

        return dropped;
    }

    // A partition may be dropped between looking at the list and at it: then it is not listed the second time.
    private async Task EnsureAllAsync(
        TwinId twin, string telemetry, (long From, long To) range, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            (long Missing, long All)? found = await Open.ReadAtOneMomentAsync(
                (connection, stop) => PartitionListing.FindMissingAsync(connection, twin, telemetry, range, stop),
                cancellationToken).ConfigureAwait(false);
            if (found is not var (missing, all))
            {
                return;
            }

            if (attempt > 1)
            {
                throw new TwinDamagedException(
                    $"The history of {twin} is damaged: {PartitionContents.Missing(telemetry, missing, all)} from "
                    + $"{database.Name}. {SealedVerifier.Remedy}");
            }
        }
    }

    /// <summary>Writes a part; false, and nothing changed, where somebody sealed or erased meanwhile.</summary>
    private async Task<bool> WriteAsync(
        SealedTurns part,
        long number,
        List<(HistorySpan Span, HistoryRow Row)> rows,
        long now,
        CancellationToken cancellationToken)
    {
        HistorySpan[] spans = [.. rows.Select(static row => row.Span).Distinct().OrderBy(static span => span.Begins)];
        for (int attempt = 1; attempt <= SealAttempts; attempt++)
        {
            HistorySpan[] missing = [];
            try
            {
                bool moved = await Open.TryWriteAsync(
                    async connection =>
                    {
                        Dictionary<HistorySpan, long> held = await HistoryPartitions.HoldAsync(connection, spans)
                            .ConfigureAwait(false);
                        missing = [.. spans.Where(span => !held.ContainsKey(span))];
                        return missing.Length == 0
                            && await PartSealing.WriteAsync(connection, number, part, rows, held, now)
                                .ConfigureAwait(false);
                    },
                    cancellationToken).ConfigureAwait(false);
                if (missing.Length == 0)
                {
                    return moved;
                }
            }
            catch (TwinGridException e) when (
                e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
            {
                // Another silo sealed the same part.
                return false;
            }

            foreach (HistorySpan span in missing)
            {
                await Open.TryWriteAsync(
                    connection => HistoryPartitions.MakeAsync(connection, span), cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        throw new TwinGridException(
            $"The store {database.Name} has no partition for history of {part.Twin}: another silo drops it as soon as "
            + "it is made. Check the clocks of the silos.");
    }

    private async Task EraseSealedAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken)
    {
        while (await Open.WriteAsync(
            connection => HistoryErasing.EraseSealedAsync(connection, twin, beforeRevision), cancellationToken)
            .ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
