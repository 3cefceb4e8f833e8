using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.History;

/// <summary>How an attempt to seal a part of a log ended.</summary>
internal enum SealOutcome
{
    /// <summary>There is nothing (more) to seal.</summary>
    Nothing,

    /// <summary>All up to the newest snapshot was sealed.</summary>
    Sealed,

    /// <summary>A part was sealed, and there are more before the newest snapshot.</summary>
    SealedPart,

    /// <summary>Folded again the log gives another state than it did: it is left as it is.</summary>
    Mismatch,
}

/// <summary>
/// Seals one part of a twin's log: the turns are folded again, what the fold says of their readings becomes history,
/// and the state at the end must be the newest snapshot's, bit for bit. So sealing verifies all the time that a twin
/// can be made again from its log.
/// </summary>
internal sealed partial class PartSealer(
    ITwinStore store,
    KindRegistry kinds,
    IOptionsMonitor<LimitOptions> limits,
    TimeProvider clock,
    ILogger logger,
    TimeSpan breath = default)
{
    /// <summary>After so many turns it lets others have the processor, for as long as it was told.</summary>
    private const int TurnsPerBreath = 64;

    /// <summary>A part has at most so many turns, as many as as-of folds at most, and so many bytes.</summary>
    private const int MostTurns = 4_096;
    private const int MostBytes = 4 << 20;

    private readonly HashSet<TwinId> _mismatched = [];

    /// <summary>Seals the next part of a log.</summary>
    /// <param name="twin">Whose.</param>
    /// <param name="least">Only where it has at least so many turns.</param>
    /// <param name="verified">A revision up to which an attempt before this one verified the log.</param>
    /// <param name="cancellationToken">Gives up; nothing is then sealed.</param>
    /// <returns>How it ended, and up to where the log is verified.</returns>
    public async Task<(SealOutcome Outcome, long Verified)> SealAsync(
        TwinId twin, int least, long verified, CancellationToken cancellationToken)
    {
        StoredLog? log = await store.ReadLogAsync(twin, cancellationToken);
        if (log?.Snapshot is not { } snapshot
            || snapshot.Revision - log.Sealed < least
            || _mismatched.Contains(twin))
        {
            return (SealOutcome.Nothing, verified);
        }

        long start = clock.GetTimestamp();
        SealCollector collector = new(forgetsAtDeletion: log is { SealedState: null, Sealed: > 0 });
        TwinReplay replay = await TwinReplay.BeginAsync(twin, log.SealedState, kinds, collector);
        List<TwinTurn> turns = [];
        long bytes = 0;
        await foreach (TwinTurn turn in store.ReadTurnsAsync(twin, log.Sealed, snapshot.Revision, cancellationToken))
        {
            await replay.ApplyAsync(turn);
            collector.EndTurn();
            turns.Add(turn);
            bytes += turn.Inputs.Length;
            if (breath > TimeSpan.Zero && turns.Count % TurnsPerBreath == 0)
            {
                await Task.Delay(breath, clock, cancellationToken);
            }

            if (turns.Count >= MostTurns || bytes >= MostBytes)
            {
                break;
            }
        }

        StoredSnapshot? end = await EndAsync(replay, log, snapshot, verified, cancellationToken);
        if (end is null)
        {
            return (SealOutcome.Mismatch, verified);
        }

        HistoryKeep keep = HistoryKeep.Of(kinds.Current(twin.Kind), limits.CurrentValue);
        int expired = 0;
        SealedTurns part = new()
        {
            Twin = twin,
            Turns = turns,
            End = end,
            Readings = collector.Take(keep.For, UnixMicroseconds.Now(clock), out expired),
        };
        bool isSealed = await store.SealAsync(part, cancellationToken);
        if (isSealed)
        {
            HistoryMetrics.Sealed(clock.GetElapsedTime(start), expired);
        }

        SealOutcome outcome = !isSealed ? SealOutcome.Nothing
            : end.Revision < snapshot.Revision ? SealOutcome.SealedPart
            : SealOutcome.Sealed;
        return (outcome, Math.Max(verified, snapshot.Revision));
    }

    /// <summary>The state where a part ends, when the log is known to be true; null where it is not.</summary>
    private async Task<StoredSnapshot?> EndAsync(
        TwinReplay replay, StoredLog log, StoredSnapshot snapshot, long verified, CancellationToken cancellationToken)
    {
        if (replay.State.Revision == snapshot.Revision)
        {
            return await IsTrueAsync(replay, snapshot) ? snapshot : null;
        }

        // The part ends before the snapshot that says whether it is true: look there first.
        if (verified <= replay.State.Revision)
        {
            TwinReplay whole = await TwinReplay.BeginAsync(snapshot.Twin, log.SealedState, kinds);
            await foreach (TwinTurn turn in store.ReadTurnsAsync(
                snapshot.Twin, log.Sealed, snapshot.Revision, cancellationToken))
            {
                await whole.ApplyAsync(turn);
            }

            if (!await IsTrueAsync(whole, snapshot))
            {
                return null;
            }
        }

        return new StoredSnapshot
        {
            Twin = snapshot.Twin,
            Revision = replay.State.Revision,
            FoldVersion = replay.FoldVersion,
            State = StateWriter.Write(replay.State),
        };
    }

    private async Task<bool> IsTrueAsync(TwinReplay replay, StoredSnapshot snapshot)
    {
        // Where another version of the fold took part the snapshot is what counts.
        if (await replay.CompareAsync(snapshot) != StateMatch.Other)
        {
            return true;
        }

        _mismatched.Add(snapshot.Twin);
        HistoryMetrics.Count("mismatch");
        LogMismatch(snapshot.Twin, snapshot.Revision);
        return false;
    }

    [LoggerMessage(
        LogLevel.Error,
        "The log of {Twin}, folded again up to revision {Revision}, does not give the state that was stored then. Its "
            + "turns are kept as they are and are not sealed. A model or policy that is not deterministic does this.")]
    private partial void LogMismatch(TwinId twin, long revision);
}
