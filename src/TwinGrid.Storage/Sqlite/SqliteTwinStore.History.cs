using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <content>
/// History: sealed parts lie in partitions, files of their own with threads of their own, so that neither writing nor
/// reading them holds up a commit. How far a twin is sealed stands in the log's file and is moved there last, in a
/// transaction of the log: that makes a part visible and its single turns superfluous at one moment.
/// </content>
internal sealed partial class SqliteTwinStore
{
    /// <summary>Twins whose last sealing failed in this process: what it left must go first.</summary>
    private readonly HashSet<TwinId> _unclean = [];

    private readonly SemaphoreSlim _sealing = new(1);

    /// <summary>Names of files that were dropped while the list could not be written.</summary>
    private string[] _droppedUnnoted = [];

    /// <inheritdoc/>
    public bool KeepsHistory => true;

    /// <inheritdoc/>
    public async Task<StoredLog?> ReadLogAsync(TwinId twin, CancellationToken cancellationToken)
    {
        LogPosition? log = await FindAsync(twin, cancellationToken).ConfigureAwait(false);
        (long Revision, long Time)? oldest = log is null ? null : await ReadHistoryAsync(
            reader => reader.FindOldest(twin, log.History), cancellationToken).ConfigureAwait(false);
        return log is null ? null : new StoredLog
        {
            Head = log.Head.Revision,
            Sealed = log.Sealed,
            Oldest = oldest?.Revision ?? log.Sealed + 1,
            SealedState = log.State,
            Snapshot = log.Snapshot,
        };
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<TwinTurn> ReadTurnsAsync(
        TwinId twin, long after, long through, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long next = after + 1;
        while (next <= through)
        {
            long begun = next;
            LogPosition? log = await FindAsync(twin, cancellationToken).ConfigureAwait(false);
            if (log is null || next > log.Head.Revision)
            {
                yield break;
            }

            IAsyncEnumerable<TwinTurn> turns = next <= log.Sealed
                ? ReadSegmentAsync(twin, next, log.History, cancellationToken)
                : ReadRowsAsync(twin, next, through, cancellationToken);
            await foreach (TwinTurn turn in turns.ConfigureAwait(false))
            {
                if (turn.Revision > through)
                {
                    yield break;
                }

                yield return turn;
                next = turn.Revision + 1;
            }

            if (next == begun && next > (await FindAsync(twin, cancellationToken).ConfigureAwait(false))?.Sealed)
            {
                throw Log.LogRow.Missing(twin, next);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<StoredPast?> FindPastAsync(
        TwinId twin, long? revision, long time, CancellationToken cancellationToken)
    {
        int dropped = _files.Dropped;
        (LogPosition? log, long asked) = await RunAsync(
            _readers,
            reader => revision is { } known
                ? (reader.Log.Find(twin, dropped), known)
                : reader.Log.FindAt(twin, dropped, time),
            cancellationToken).ConfigureAwait(false);
        if (log is null)
        {
            return null;
        }

        (long Revision, long Time)? oldest = await ReadHistoryAsync(
            reader => reader.FindOldest(twin, log.History), cancellationToken).ConfigureAwait(false);
        StoredPast none = new()
        {
            Oldest = oldest?.Revision ?? log.Sealed + 1,
            OldestTime = oldest?.Time,
            Revision = 0,
        };
        if (asked > log.Head.Revision || (revision is not null && asked < none.Oldest))
        {
            return none;
        }

        if (asked > log.Sealed)
        {
            bool isNear = log.Snapshot?.Revision is { } at && at <= asked && at > log.Sealed;
            return none with { Revision = asked, Base = isNear ? log.Snapshot : log.State };
        }

        HistoryRow? segment = await ReadHistoryAsync(
            reader => revision is null
                ? reader.FindTurnsAt(twin, time, log.History)
                : reader.FindTurns(twin, asked, log.History),
            cancellationToken).ConfigureAwait(false);
        if (segment is null)
        {
            return revision is null || _files.Dropped != log.History.Dropped
                ? none
                : throw Log.LogRow.Missing(twin, asked);
        }

        asked = revision ?? segment.Turns(twin).Last(turn => turn.Time <= time).Revision;
        return none with { Revision = asked, Base = segment.Before(twin) };
    }

    /// <inheritdoc/>
    public Task<bool> SealAsync(SealedTurns part, CancellationToken cancellationToken) =>
        AloneAsync(() => SealNextAsync(part, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ReclaimAsync(CancellationToken cancellationToken) =>
        RunAsync(_writer, writer => writer.Sweep(), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<TwinId> ReadUnsealedAsync(
        int turns, long sealedBefore, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long last = 0;
        while (true)
        {
            long after = last;
            IReadOnlyList<(long Number, TwinId Twin)> page = await RunAsync(
                _readers, reader => reader.Log.ReadUnsealed(turns, sealedBefore, after, DuePage), cancellationToken)
                .ConfigureAwait(false);
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
    public async Task<IReadOnlyList<SealedTelemetry>> ReadTelemetryAsync(
        TwinId twin, CancellationToken cancellationToken) =>
        await FindAsync(twin, cancellationToken).ConfigureAwait(false) is { } log
            ? await ReadHistoryAsync(reader => reader.ReadTelemetry(twin, log.History), cancellationToken)
                .ConfigureAwait(false)
            : [];

    /// <inheritdoc/>
    public async IAsyncEnumerable<SealedBlock> ReadSealedAsync(
        TwinId twin,
        string telemetry,
        long from,
        long to,
        long through,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await FindAsync(twin, cancellationToken).ConfigureAwait(false) is not { } log)
        {
            yield break;
        }

        // Times that cannot be true yet lie where they arrived: such rows wait for the partitions of their time.
        ImmutableArray<ListedFile> files = [.. log.History.In(_files, _database.HistoryDirectory)];
        List<HistoryRow> held = [];
        for (int i = 0; i < files.Length; i++)
        {
            ListedFile file = files[i];
            held.AddRange(await ReadHistoryAsync(
                reader => reader.ReadReadings(file, twin, telemetry, (from, to), through, log.History),
                cancellationToken).ConfigureAwait(false));
            long next = i + 1 < files.Length ? files[i + 1].File.Begins : long.MaxValue;
            foreach (HistoryRow row in held.Where(row => row.FirstTime < next).OrderBy(row => row.FirstTime))
            {
                yield return row.Block();
            }

            held.RemoveAll(row => row.FirstTime < next);
        }
    }

    /// <inheritdoc/>
    public Task<int> DropExpiredAsync(long now, CancellationToken cancellationToken) =>
        AloneAsync(() => DropAloneAsync(now, cancellationToken), cancellationToken);

    // Between looking and moving nobody else may seal, as the silos of a test that share a store would, or erase: the
    // rows of a part would be written behind the erasing.
    private async Task<T> AloneAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        await _sealing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await work().ConfigureAwait(false);
        }
        finally
        {
            _sealing.Release();
        }
    }

    private async Task<int> DropAloneAsync(long now, CancellationToken cancellationToken)
    {
        // First the list: a file that is listed must be there. Not where the list cannot be written for want of room,
        // which the files may give: one that is expired is missed by nobody.
        string[] expired =
            [.. _files.All.Where(file => file.IsExpired(now)).Select(file => Path.GetFileName(file.Path))];
        string[] listed = [.. expired.Union(_droppedUnnoted)];
        if (listed.Length == 0)
        {
            return 0;
        }

        bool isNoted = await TryNoteDroppedAsync(listed, cancellationToken).ConfigureAwait(false);
        int dropped = await RunAsync(_historyWriter, writer => writer.Drop(expired), cancellationToken)
            .ConfigureAwait(false);
        isNoted = isNoted || await TryNoteDroppedAsync(listed, cancellationToken).ConfigureAwait(false);
        _droppedUnnoted = isNoted ? [] : listed;
        return dropped;
    }

    private async Task<bool> TryNoteDroppedAsync(string[] files, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(_writer, writer => writer.NoteDropped(files), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (TwinGridUnavailableException)
        {
            return false;
        }
    }

    private async Task<bool> SealNextAsync(SealedTurns part, CancellationToken cancellationToken)
    {
        LogPosition? log = await FindAsync(part.Twin, cancellationToken).ConfigureAwait(false);
        if (log is null || log.Sealed != part.Turns[0].Revision - 1)
        {
            return false;
        }

        long incarnation = await RunAsync(_writer, writer => writer.Incarnation, cancellationToken)
            .ConfigureAwait(false);
        bool clean = _unclean.Contains(part.Twin) || log.Incarnation != incarnation;
        _unclean.Add(part.Twin);
        long now = UnixMicroseconds.Now(_clock);
        AppendedPart appended = await RunAsync(
            _historyWriter,
            writer => writer.Append(part, log.State, _limits.HistoryKeep.Microseconds, now, clean),
            cancellationToken).ConfigureAwait(false);
        bool moved = await RunAsync(_writer, writer => writer.MoveSealed(part, appended.Rows), cancellationToken)
            .ConfigureAwait(false);
        if (moved)
        {
            _unclean.Remove(part.Twin);
            _metrics.Sealed(part, appended.TurnBytes, appended.ReadingBytes);
        }

        return moved;
    }

    private Task<LogPosition?> FindAsync(TwinId twin, CancellationToken cancellationToken)
    {
        int dropped = _files.Dropped;
        return RunAsync(_readers, reader => reader.Log.Find(twin, dropped), cancellationToken);
    }

    private Task<T> ReadHistoryAsync<T>(Func<HistoryReader, T> read, CancellationToken cancellationToken) =>
        RunAsync(_historyReaders, read, cancellationToken);

    private async IAsyncEnumerable<TwinTurn> ReadSegmentAsync(
        TwinId twin,
        long next,
        ListedHistory listed,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        HistoryRow segment = await ReadHistoryAsync(
            reader => reader.FindTurns(twin, next, listed), cancellationToken).ConfigureAwait(false)
            ?? throw Log.LogRow.Missing(twin, next);
        foreach (TwinTurn turn in segment.Turns(twin).SkipWhile(turn => turn.Revision < next))
        {
            yield return turn;
        }
    }

    private async IAsyncEnumerable<TwinTurn> ReadRowsAsync(
        TwinId twin, long next, long through, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (long number, List<long> turnIds) = await RunAsync(
            _readers, reader => reader.Log.FindTurns(twin, next, through), cancellationToken).ConfigureAwait(false);
        for (int read = 0; read < turnIds.Count;)
        {
            int from = read;
            List<TwinTurn> page = await RunAsync(
                _readers,
                reader => reader.Log.ReadTurns(twin, number, next + from, turnIds, from),
                cancellationToken).ConfigureAwait(false);
            foreach (TwinTurn turn in page)
            {
                yield return turn;
            }

            // Sealed and swept meanwhile: the rest is in a segment.
            read = page.Count == 0 ? turnIds.Count : read + page.Count;
        }
    }
}
