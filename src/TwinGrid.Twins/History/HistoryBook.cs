using Microsoft.Extensions.Options;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.History;

/// <summary>
/// Reads what was from the store: sealed readings, then the turns that are not sealed, folded again. Thread-safe.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="kinds">The kinds.</param>
/// <param name="limits">How long what is kept.</param>
/// <param name="clock">The grid's.</param>
/// <param name="tails">What was folded for questions before; null for tails of its own.</param>
internal sealed class HistoryBook(
    ITwinStore store,
    KindRegistry kinds,
    IOptionsMonitor<LimitOptions> limits,
    TimeProvider clock,
    FoldedTails? tails = null)
{
    /// <summary>Readings of one answer, all telemetry together.</summary>
    private const int MostReadings = 200_000;

    private readonly FoldedTails _tails = tails ?? new FoldedTails();

    /// <inheritdoc cref="ITwinHistory.ReadAsync"/>
    public async Task<HistoryPage?> ReadAsync(TwinId twin, HistoryQuery query)
    {
        if (await store.ReadLogAsync(twin, CancellationToken.None) is not { } log)
        {
            return null;
        }

        IReadOnlyList<SealedTelemetry> known = await store.ReadTelemetryAsync(twin, CancellationToken.None);
        string[] names = [.. (query.Telemetry ?? known.Select(telemetry => telemetry.Telemetry)).Distinct()];
        Dictionary<string, SeriesSink> sinks = new(StringComparer.Ordinal);
        HistoryKeep keep = HistoryKeep.Of(kinds.Current(twin.Kind), limits.CurrentValue);
        long now = UnixMicroseconds.Now(clock);
        SeriesSink Make(string name) => Sink(query, Math.Max(1, names.Length), now - keep.For(name));
        foreach (string name in names)
        {
            SeriesSink sink = sinks[name] = Make(name);
            if (known.FirstOrDefault(telemetry => telemetry.Telemetry == name) is { } telemetry)
            {
                await SeeOldestAsync(twin, telemetry, log.Sealed, sink);
            }

            await ReadSealedAsync(twin, name, log.Sealed, sink);
        }

        await ReadTailAsync(twin, log, sinks, query.Telemetry is null ? Make : null);
        return Page(sinks);
    }

    /// <summary>Makes a twin again as it was; null for a twin that never was.</summary>
    /// <returns>What the store has of that moment, and the state where it is kept.</returns>
    public async Task<(StoredPast Past, TwinState? State)?> RefoldAsync(TwinId twin, long? revision, long time)
    {
        if (await store.FindPastAsync(twin, revision, time, CancellationToken.None) is not { } past)
        {
            return null;
        }

        if (past.Revision == 0)
        {
            return (past, null);
        }

        TwinReplay replay = await TwinReplay.BeginAsync(twin, past.Base, kinds);
        long after = past.Base?.Revision ?? past.Oldest - 1;
        await foreach (TwinTurn turn in store.ReadTurnsAsync(twin, after, past.Revision, CancellationToken.None))
        {
            await replay.ApplyAsync(turn);
        }

        return (past, replay.State);
    }

    private static SeriesSink Sink(HistoryQuery query, int names, long keptFrom)
    {
        long from = query.From is { } first ? Math.Max(UnixMicroseconds.From(first), keptFrom) : keptFrom;
        long to = query.To is { } last ? UnixMicroseconds.From(last) : long.MaxValue;
        int most = Math.Max(4, MostReadings / names);
        if (query.MaxPoints is { } points)
        {
            return new ThinnedReadings(Math.Clamp(points, 4, most)) { From = from, To = to, KeptFrom = keptFrom };
        }

        bool goesOn = HistoryPosition.TryParse(query.Cursor, out HistoryPosition begin) && begin.Time >= from;
        return new OldestReadings(Math.Clamp(query.Limit, 1, most))
        {
            From = goesOn ? begin.Time : from,
            Given = goesOn ? begin.Given : 0,
            To = to,
            KeptFrom = keptFrom,
        };
    }

    // Partitions go as a whole, so the store may have what is not shown any more: then the oldest that is has to be
    // looked for, in the block or the few in which what is kept begins.
    private async Task SeeOldestAsync(TwinId twin, SealedTelemetry telemetry, long through, SeriesSink sink)
    {
        if (telemetry.Oldest >= sink.KeptFrom)
        {
            sink.SeeOldest(telemetry.Oldest);
            return;
        }

        await foreach (SealedBlock block in store.ReadSealedAsync(
            twin, telemetry.Telemetry, sink.KeptFrom, long.MaxValue, through, CancellationToken.None))
        {
            if (block.First >= sink.Oldest)
            {
                break;
            }

            if (block.First >= sink.KeptFrom)
            {
                sink.SeeOldest(block.First);
                break;
            }

            foreach (HistoryReading reading in block.Unpack())
            {
                sink.SeeOldest(reading.Time >= sink.KeptFrom ? reading.Time : long.MaxValue);
            }
        }
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

    // What is not sealed yet is folded again, a page of turns at a time; the next question folds what came since.
    private async Task ReadTailAsync(
        TwinId twin, StoredLog log, Dictionary<string, SeriesSink> sinks, Func<string, SeriesSink>? make)
    {
        if (log.Sealed >= log.Head)
        {
            return;
        }

        FoldedTail tail = _tails.Take(twin, log.Sealed) ?? await FoldedTail.BeginAsync(twin, log, kinds);
        await foreach (TwinTurn turn in store.ReadTurnsAsync(twin, tail.Revision, log.Head, CancellationToken.None))
        {
            await tail.ApplyAsync(turn);
        }

        tail.WriteTo(sinks, make);
        _tails.Put(tail);
    }

    private static HistoryPage Page(Dictionary<string, SeriesSink> sinks)
    {
        Dictionary<string, IReadOnlyList<HistoryReading>> telemetry = new(StringComparer.Ordinal);
        HistoryPosition? end = sinks.Values
            .Select(sink => sink.End)
            .Where(end => end is not null)
            .MinBy(end => (end!.Value.Time, end.Value.Given));
        foreach ((string name, SeriesSink sink) in sinks)
        {
            telemetry[name] = end is { } cut ? sink.FinishBefore(cut) : sink.Finish();
        }

        long oldest = sinks.Values.Select(sink => sink.Oldest).DefaultIfEmpty(long.MaxValue).Min();
        return new HistoryPage
        {
            Telemetry = telemetry,
            Oldest = oldest == long.MaxValue ? null : UnixMicroseconds.ToDateTimeOffset(oldest),
            Complete = end is null,
            Cursor = end?.ToString(),
        };
    }
}
