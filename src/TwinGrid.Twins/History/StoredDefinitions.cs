using Orleans.Runtime;
using Orleans.Storage;
using TwinGrid.Twins.Definitions;

namespace TwinGrid.Twins.History;

/// <summary>
/// The contents of definitions as Orleans' grain storage has them, read where no silo runs. One caller at a time.
/// </summary>
internal sealed class StoredDefinitions(IGrainStorage storage)
{
    private readonly Dictionary<string, DefinitionHistoryState> _kinds = new(StringComparer.Ordinal);

    /// <summary>The content of a kind's revision, from 1; null where it is not stored.</summary>
    public async Task<string?> GetAsync(string kind, int revision)
    {
        if (Find(kind, revision) is { } known)
        {
            return known;
        }

        // Beside a silo that runs there may be a newer one by now.
        DefinitionHistoryState state = await ReadAsync(storage, KindRegistry.Key(kind));
        state.EnsureIntact(kind);
        _kinds[kind] = state;
        return Find(kind, revision);
    }

    /// <summary>All contents of a key, as they are stored.</summary>
    public static async Task<DefinitionHistoryState> ReadAsync(IGrainStorage storage, string key)
    {
        GrainState<DefinitionHistoryState> stored = new(new DefinitionHistoryState());
        await storage.ReadStateAsync(
            DefinitionHistoryGrain.StateName, GrainId.Create(DefinitionHistoryGrain.TypeName, key), stored);
        return stored.State ?? new DefinitionHistoryState();
    }

    private string? Find(string kind, int revision) =>
        _kinds.GetValueOrDefault(kind)?.Contents.ElementAtOrDefault(revision - 1);
}
