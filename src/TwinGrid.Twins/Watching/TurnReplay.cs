using System.Text.Json;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Watching;

/// <summary>
/// What a watcher missed, from the log: the turns after a revision are folded again, each under the definition that was
/// in force, and told as they were.
/// </summary>
internal static class TurnReplay
{
    /// <summary>The changes after a revision, from the first on without a gap, as many as go into one answer.</summary>
    /// <returns>Null when the store has not all of them.</returns>
    public static async Task<IReadOnlyList<TwinChange>?> ChangesAfterAsync(
        TwinId twin, long after, long last, ITwinStore store, KindRegistry kinds, CancellationToken cancellationToken)
    {
        if (await TurnsAfterAsync(twin, after, store, cancellationToken) is not { } stored)
        {
            return null;
        }

        TwinState state = await TwinRecovery.BaseAsync(twin, stored, kinds);
        JsonElement? document = state.Revision == after ? TwinDocument.Of(state) : null;
        TurnEffects effects = new();
        List<TwinChange> changes = [];
        long characters = 0;
        foreach (TwinTurn turn in stored.Tail.TakeWhile(turn => turn.Revision <= last))
        {
            TurnHeader header = TurnHeader.Read(turn.Inputs.Span);
            state = await TwinRecovery.UnderAsync(state, header.DefinitionRevision, kinds);
            TwinFold.Apply(state, header, turn.Inputs.Span[TurnHeader.Size..], effects);
            state.Revision = turn.Revision;
            effects.Clear();
            if (turn.Revision < after)
            {
                continue;
            }

            JsonElement? before = document;
            document = TwinDocument.Of(state);
            if (turn.Revision > after)
            {
                changes.Add(TwinDocument.Change(turn.Revision, before, document));
                characters += changes[^1].Document.Text?.Length ?? 0;
            }

            if (characters > ChangeFeed.MostCharacters)
            {
                break;
            }
        }

        return changes;
    }

    /// <summary>
    /// A state at or before a revision and every turn after that state, or null when the store has not all of them.
    /// What a store keeps beyond its newest snapshot and the turns after it would be asked for here.
    /// </summary>
    private static async Task<StoredTwin?> TurnsAfterAsync(
        TwinId twin, long revision, ITwinStore store, CancellationToken cancellationToken)
    {
        StoredTwin stored = await store.LoadAsync(twin, cancellationToken);
        long first = stored.Snapshot?.Revision ?? 0;
        bool hasAll = first <= revision && (stored.Tail.Count == 0 || stored.Tail[0].Revision == first + 1);
        return hasAll ? stored : null;
    }
}
