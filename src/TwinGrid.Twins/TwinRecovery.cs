using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>
/// Makes a twin's state from what the store keeps: the newest snapshot, then every turn after it through the same
/// fold, each under the definition that was in force.
/// </summary>
internal static class TwinRecovery
{
    /// <summary>Loads a twin; one that the store does not know is empty and does not exist.</summary>
    /// <returns>The state under the current definition, and how many turns came after the snapshot.</returns>
    public static async Task<(TwinState State, int Tail)> LoadAsync(
        TwinId twin, ITwinStore store, KindRegistry kinds, CancellationToken cancellationToken)
    {
        StoredTwin stored = await store.LoadAsync(twin, cancellationToken);
        TwinState state = await BaseAsync(twin, stored, kinds);
        TurnEffects effects = new();
        foreach (TwinTurn turn in stored.Tail)
        {
            TurnHeader header = TurnHeader.Read(turn.Inputs.Span);
            state = await UnderAsync(state, header.DefinitionRevision, kinds);
            TwinFold.Apply(state, header, turn.Inputs.Span[TurnHeader.Size..], effects);
            state.Revision = turn.Revision;
            effects.Clear();
        }

        CompiledKind current = kinds.Current(twin.Kind);
        return (ReferenceEquals(state.Kind, current) ? state : Moved(state, current), stored.Tail.Count);
    }

    /// <summary>The state of the stored snapshot, laid out as it was written; empty where there is none.</summary>
    public static async Task<TwinState> BaseAsync(TwinId twin, StoredTwin stored, KindRegistry kinds)
    {
        if (stored.Snapshot is { } snapshot)
        {
            int revision = StateReader.KindRevision(snapshot.State.Span);
            return StateReader.Read(twin, await kinds.GetAsync(twin.Kind, revision), snapshot.State);
        }

        return new TwinState(twin, kinds.Current(twin.Kind));
    }

    /// <summary>The state laid out for the definition that was in force.</summary>
    public static async Task<TwinState> UnderAsync(TwinState state, int revision, KindRegistry kinds) =>
        state.Kind.Revision == revision ? state : Moved(state, await kinds.GetAsync(state.Twin.Kind, revision));

    private static TwinState Moved(TwinState state, CompiledKind kind) =>
        StateReader.Read(state.Twin, kind, StateWriter.Write(state));
}
