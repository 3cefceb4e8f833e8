using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.History;
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
        TwinReplay replay = await TwinReplay.BeginAsync(twin, stored.Snapshot, kinds);
        foreach (TwinTurn turn in stored.Tail)
        {
            await replay.ApplyAsync(turn);
        }

        CompiledKind current = kinds.Current(twin.Kind);
        if (ReferenceEquals(replay.State.Kind, current))
        {
            return (replay.State, stored.Tail.Count);
        }

        TwinState moved = TwinReplay.Moved(replay.State, current);
        moved.IsAhead = true;
        return (moved, stored.Tail.Count);
    }
}
