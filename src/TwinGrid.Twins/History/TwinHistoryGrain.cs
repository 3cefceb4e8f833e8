using Orleans.Concurrency;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.History;

/// <inheritdoc cref="ITwinHistory"/>
/// <remarks>
/// It reads the store and wakes no twin, so a long question holds up no turn; as many are answered at once as there are
/// workers.
/// </remarks>
[GrainType("twingrid.history"), StatelessWorker(Workers)]
internal sealed class TwinHistoryGrain(ITwinStore store, KindRegistry kinds) : Grain, ITwinHistory
{
    private const int Workers = 4;

    /// <summary>Readings of one answer, all telemetry together.</summary>
    private const int MostReadings = 200_000;

    public async Task<HistoryPage?> ReadAsync(TwinId twin, HistoryQuery query)
    {
        await ReadyAsync();
        if (await store.ReadLogAsync(twin, CancellationToken.None) is not { } log)
        {
            return null;
        }

        IReadOnlyList<SealedTelemetry> known = await store.ReadTelemetryAsync(twin, CancellationToken.None);
        string[] names = [.. (query.Telemetry ?? known.Select(telemetry => telemetry.Telemetry)).Distinct()];
        Dictionary<string, SeriesSink> sinks = new(StringComparer.Ordinal);
        SeriesSink Make() => Sink(query, Math.Max(1, names.Length));
        foreach (string name in names)
        {
            SeriesSink sink = sinks[name] = Make();
            sink.SeeOldest(known.FirstOrDefault(telemetry => telemetry.Telemetry == name)?.Oldest ?? long.MaxValue);
            await ReadSealedAsync(twin, name, log.Sealed, sink);
        }

        await ReadTailAsync(twin, log, new TailRecorder(sinks, query.Telemetry is null ? Make : null));
        return Page(sinks);
    }

    public async Task<PastTwin?> AsOfAsync(TwinId twin, long? revision, DateTimeOffset time)
    {
        await ReadyAsync();
        StoredPast? past = await store.FindPastAsync(
            twin, revision, UnixMicroseconds.From(time), CancellationToken.None);
        if (past is null)
        {
            return null;
        }

        DateTimeOffset? oldest = past.OldestTime is { } first ? UnixMicroseconds.ToDateTimeOffset(first) : null;
        if (past.Revision == 0)
        {
            return new PastTwin(null, IsKept: false, past.Oldest, oldest);
        }

        TwinReplay replay = await TwinReplay.BeginAsync(twin, past.Base, kinds);
        long after = past.Base?.Revision ?? past.Oldest - 1;
        await foreach (TwinTurn turn in store.ReadTurnsAsync(twin, after, past.Revision, CancellationToken.None))
        {
            await replay.ApplyAsync(turn);
        }

        TwinSnapshot? snapshot = replay.State.Exists ? SnapshotBuilder.Snapshot(replay.State) : null;
        return new PastTwin(snapshot, IsKept: true, past.Oldest, oldest);
    }

    private async Task ReadyAsync()
    {
        await kinds.Ready;
        if (!store.KeepsHistory)
        {
            throw new TwinGridException(
                $"the store {store.GetType().Name} keeps no history: ITwinStore.KeepsHistory says so");
        }
    }

    private static SeriesSink Sink(HistoryQuery query, int names)
    {
        long from = query.From is { } first ? UnixMicroseconds.From(first) : long.MinValue;
        long to = query.To is { } last ? UnixMicroseconds.From(last) : long.MaxValue;
        int most = Math.Max(4, MostReadings / names);
        return query.MaxPoints is { } points
            ? new ThinnedReadings(Math.Clamp(points, 4, most)) { From = from, To = to }
            : new OldestReadings(Math.Clamp(query.Limit, 1, most)) { From = from, To = to };
    }

    private async Task ReadSealedAsync(TwinId twin, string telemetry, long through, SeriesSink sink)
    {
        await foreach (SealedBlock block in store.ReadSealedAsync(
            twin, telemetry, sink.From, sink.To, through, CancellationToken.None))
        {
            if (sink.IsDone(block))
            {
                break;
            }

            if (!sink.Needs(block))
            {
                continue;
            }

            foreach (HistoryReading reading in block.Unpack())
            {
                sink.Add(reading);
            }
        }
    }

    // What is not sealed yet is folded again, a page of turns at a time, however long it is.
    private async Task ReadTailAsync(TwinId twin, StoredLog log, TailRecorder recorder)
    {
        if (log.Sealed >= log.Head)
        {
            return;
        }

        TwinReplay replay = await TwinReplay.BeginAsync(twin, log.SealedState, kinds, recorder);
        await foreach (TwinTurn turn in store.ReadTurnsAsync(twin, log.Sealed, log.Head, CancellationToken.None))
        {
            await replay.ApplyAsync(turn);
        }
    }

    private static HistoryPage Page(Dictionary<string, SeriesSink> sinks)
    {
        Dictionary<string, IReadOnlyList<HistoryReading>> telemetry = new(StringComparer.Ordinal);
        bool complete = true;
        foreach ((string name, SeriesSink sink) in sinks)
        {
            (telemetry[name], bool isAll) = sink.Finish();
            complete &= isAll;
        }

        long oldest = sinks.Values.Select(sink => sink.Oldest).DefaultIfEmpty(long.MaxValue).Min();
        return new HistoryPage
        {
            Telemetry = telemetry,
            Oldest = oldest == long.MaxValue ? null : UnixMicroseconds.ToDateTimeOffset(oldest),
            Complete = complete,
        };
    }
}
