using System.Runtime.CompilerServices;
using System.Text.Json;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.History;

namespace TwinGrid.Twins.Watching;

/// <summary>
/// What a watcher missed, from the log: the turns after a revision are folded again, each under the definition that was
/// in force, and told as they were.
/// </summary>
internal static class TurnReplay
{
    /// <summary>Changes of one answer at most; the next question goes on behind them.</summary>
    private const int MostTurns = 4_096;

    /// <summary>The changes after a revision, from the first on without a gap, as many as go into one answer.</summary>
    /// <returns>Null when the store has not all of them.</returns>
    public static async Task<IReadOnlyList<TwinChange>?> ChangesAfterAsync(
        TwinId twin, long after, long last, ITwinStore store, KindRegistry kinds, CancellationToken cancellationToken)
    {
        if (await BaseAsync(twin, after, store, cancellationToken) is not { Found: true } from)
        {
            return null;
        }

        TwinReplay replay = await TwinReplay.BeginAsync(twin, from.Snapshot, kinds);
        JsonElement? document = replay.State.Revision == after ? TwinDocument.Of(replay.State) : null;
        List<TwinChange> changes = [];
        long characters = 0;
        IAsyncEnumerable<TwinTurn> turns =
            TurnsAsync(twin, replay.State.Revision, last, from.Tail, store, cancellationToken);
        await foreach (TwinTurn turn in turns)
        {
            await replay.ApplyAsync(turn);
            if (turn.Revision < after)
            {
                continue;
            }

            JsonElement? before = document;
            document = TwinDocument.Of(replay.State);
            if (turn.Revision > after)
            {
                changes.Add(TwinDocument.Change(turn.Revision, before, document));
                characters += changes[^1].Document.Text?.Length ?? 0;
            }

            if (characters > ChangeFeed.MostCharacters || changes.Count == MostTurns)
            {
                break;
            }
        }

        return changes;
    }

    // The newest snapshot and the turns after it, else what the history has before it.
    private static async Task<(bool Found, StoredSnapshot? Snapshot, IReadOnlyList<TwinTurn>? Tail)> BaseAsync(
        TwinId twin, long revision, ITwinStore store, CancellationToken cancellationToken)
    {
        StoredTwin stored = await store.LoadAsync(twin, cancellationToken);
        long first = stored.Snapshot?.Revision ?? 0;
        if (first <= revision && (stored.Tail.Count == 0 || stored.Tail[0].Revision == first + 1))
        {
            return (true, stored.Snapshot, stored.Tail);
        }

        return store.KeepsHistory
            && await store.FindPastAsync(twin, revision, 0, cancellationToken) is { Revision: > 0 } past
            ? (true, past.Base, null)
            : default;
    }

    private static async IAsyncEnumerable<TwinTurn> TurnsAsync(
        TwinId twin,
        long after,
        long last,
        IReadOnlyList<TwinTurn>? tail,
        ITwinStore store,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (tail is null)
        {
            await foreach (TwinTurn turn in store.ReadTurnsAsync(twin, after, last, cancellationToken))
            {
                yield return turn;
            }

            yield break;
        }

        foreach (TwinTurn turn in tail.TakeWhile(turn => turn.Revision <= last))
        {
            yield return turn;
        }
    }

}
