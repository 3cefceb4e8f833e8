using System.Collections.Frozen;

namespace TwinGrid;

/// <summary>All kinds that a process knows, by name. Immutable, thread-safe.</summary>
public sealed class DefinitionSet
{
    private readonly FrozenDictionary<string, TwinDefinition> _byKind;

    /// <summary>Takes definitions.</summary>
    /// <exception cref="DefinitionException">Two of them define one kind.</exception>
    public DefinitionSet(IEnumerable<TwinDefinition> definitions)
    {
        ArgumentNullException.ThrowIfNull(definitions);
        Dictionary<string, TwinDefinition> byKind = new(StringComparer.Ordinal);
        foreach (TwinDefinition definition in definitions)
        {
            if (!byKind.TryAdd(definition.Kind, definition))
            {
                string other = byKind[definition.Kind].Source ?? "code";
                throw new DefinitionException(
                    definition.Source ?? "code",
                    "$.kind",
                    $"the kind '{definition.Kind}' is already defined in {other}");
            }
        }

        _byKind = byKind.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>A set without a kind.</summary>
    public static DefinitionSet Empty { get; } = new([]);

    /// <summary>Every definition.</summary>
    public IEnumerable<TwinDefinition> All => _byKind.Values;

    /// <summary>The definition of a kind, or null for one that is not known.</summary>
    public TwinDefinition? Find(string kind) => _byKind.GetValueOrDefault(kind);
}
