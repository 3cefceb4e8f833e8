using System.Collections.Concurrent;

namespace TwinGrid.Twins.Definitions;

/// <summary>
/// The compiled kinds of a silo, and older revisions of them where a log still speaks of one. Thread-safe.
/// </summary>
internal sealed class KindRegistry
{
    private readonly ConcurrentDictionary<string, CompiledKind> _current = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Kind, int Revision), CompiledKind> _older = new();
    private readonly Dictionary<string, PredictiveModelType> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ControlPolicyType> _policies = new(StringComparer.Ordinal);
    private readonly DefinitionSet _definitions;
    private readonly IGrainFactory? _grains;
    private readonly Func<string, int, Task<string?>> _stored;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public KindRegistry(
        DefinitionSet definitions,
        IEnumerable<PredictiveModelType> models,
        IEnumerable<ControlPolicyType> policies,
        IGrainFactory grains)
        : this(models, policies, (kind, revision) =>
            AskAsync(kind, () => grains.GetGrain<IDefinitionHistory>(Key(kind)).GetAsync(revision)))
    {
        _definitions = definitions;
        _grains = grains;
    }

    private KindRegistry(
        IEnumerable<PredictiveModelType> models,
        IEnumerable<ControlPolicyType> policies,
        Func<string, int, Task<string?>> stored)
    {
        _definitions = DefinitionSet.Empty;
        _stored = stored;
        foreach (PredictiveModelType type in models)
        {
            _models[type.Type] = type;
        }

        foreach (ControlPolicyType type in policies)
        {
            _policies[type.Type] = type;
        }
    }

    /// <summary>Kinds as they were stored, where no silo runs: none is current but as unmodelled.</summary>
    /// <param name="models">The model types that definitions may name.</param>
    /// <param name="policies">The policy types that definitions may name.</param>
    /// <param name="stored">The content of a kind's revision, or null.</param>
    public static KindRegistry OfStored(
        IEnumerable<PredictiveModelType> models,
        IEnumerable<ControlPolicyType> policies,
        Func<string, int, Task<string?>> stored) => new(models, policies, stored);

    /// <summary>Ends when every definition has its revision; a twin is not loaded before.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Compiles every definition, so that a wrong one stops the start.</summary>
    /// <exception cref="DefinitionException">A definition does not compile.</exception>
    public void Check()
    {
        foreach (TwinDefinition definition in _definitions.All)
        {
            Compile(definition, 0).Open();
        }
    }

    /// <summary>Gives every definition its revision of the grid and makes it current.</summary>
    /// <exception cref="TwinGridUnavailableException">Some have none yet; ask again.</exception>
    public async Task PublishAsync()
    {
        foreach (TwinDefinition definition in _definitions.All)
        {
            IDefinitionHistory history = _grains!.GetGrain<IDefinitionHistory>(Key(definition.Kind));
            string text = DefinitionText.Write(definition);
            int revision = await AskAsync(definition.Kind, () => history.PublishAsync(text)).ConfigureAwait(false);
            _current[definition.Kind] = Compile(definition, revision).Open();
        }

        _ready.SetResult();
    }

    /// <summary>The kind as it is now.</summary>
    public CompiledKind Current(string kind) => _current.GetOrAdd(kind, CompiledKind.Unmodelled);

    /// <summary>True when a definition of the kind is known.</summary>
    public bool IsKnown(string kind) => _definitions.Find(kind) is not null;

    /// <summary>The kind as it was at a revision.</summary>
    /// <exception cref="TwinGridException">The grid does not know that revision.</exception>
    public async ValueTask<CompiledKind> GetAsync(string kind, int revision)
    {
        CompiledKind current = Current(kind);
        if (current.Revision == revision)
        {
            return current;
        }

        if (revision == 0)
        {
            return CompiledKind.Unmodelled(kind);
        }

        if (_older.TryGetValue((kind, revision), out CompiledKind? known))
        {
            return known;
        }

        string text = await _stored(kind, revision).ConfigureAwait(true)
            ?? throw new TwinGridException(
                $"the log of the kind {kind} speaks of revision {revision} of its definition, which is not stored");
        return _older.GetOrAdd((kind, revision), Compile(DefinitionText.Read(text), revision));
    }

    /// <summary>The key of a kind's <see cref="IDefinitionHistory"/>.</summary>
    public static string Key(string kind) => $"{TwinId.DefaultTenant}/{kind}";

    // The grain that knows may be on a silo that dies, and its store away. Its exception stays here: an inner one of a
    // database driver cannot travel to another silo.
    private static async Task<T> AskAsync<T>(string kind, Func<Task<T>> question)
    {
        try
        {
            return await question().ConfigureAwait(false);
        }
        catch (Exception e) when (e is not TwinGridException)
        {
            throw new TwinGridUnavailableException(
                $"The grid's definitions of the kind {kind} do not answer: {e.Message}");
        }
    }

    private CompiledKind Compile(TwinDefinition definition, int revision) =>
        CompiledKind.Compile(definition, revision, _models, _policies);
}
