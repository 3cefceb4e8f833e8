using TwinGrid.Twins.Control;
using TwinGrid.Twins.Modelling;

namespace TwinGrid.Twins.Definitions;

/// <summary>
/// A kind made ready to run: names to slots, models with their places in a twin's state, policies with compiled
/// expressions. One object for all twins of the kind and one revision of its definition. Immutable, thread-safe.
/// </summary>
internal sealed class CompiledKind
{
    private CompiledKind(string kind, int revision, TwinDefinition? definition)
    {
        Kind = kind;
        Revision = revision;
        Definition = definition;
        Telemetry = definition is null ? [] : [.. definition.Telemetry];
        Names = new NameTable(Telemetry.Select(t => t.Name));
        ExpectsData = Telemetry.Any(t => t.ExpectEvery is not null);
    }

    /// <summary>The kind's name.</summary>
    public string Kind { get; }

    /// <summary>
    /// The grid's own number of this content of the definition: it goes up when the content changes, whatever version
    /// its author wrote, so that a turn can be folded again as it was. 0 for an unmodelled kind.
    /// </summary>
    public int Revision { get; }

    /// <summary>The definition with its models' features, or null for an unmodelled kind.</summary>
    public TwinDefinition? Definition { get; }

    /// <summary>The declared telemetry, then the models' features; a slot of a twin is an index of it.</summary>
    public TelemetryDefinition[] Telemetry { get; }

    /// <summary>Declared names to slots.</summary>
    public NameTable Names { get; }

    /// <summary>True when some telemetry should come regularly.</summary>
    public bool ExpectsData { get; }

    /// <summary>The models, each with its slice of a twin's model state.</summary>
    public CompiledModel[] Models { get; private init; } = [];

    /// <summary>How many doubles the models of one twin take.</summary>
    public int ModelStateLength { get; private init; }

    /// <summary>The policies.</summary>
    public CompiledPolicy[] Policies { get; private init; } = [];

    /// <summary>A kind that nobody declared: telemetry is inferred from what arrives.</summary>
    public static CompiledKind Unmodelled(string kind) => new(kind, 0, null);

    /// <summary>Compiles a definition.</summary>
    /// <exception cref="DefinitionException">
    /// A model or policy type is not registered, or an expression is wrong.
    /// </exception>
    public static CompiledKind Compile(
        TwinDefinition definition,
        int revision,
        IReadOnlyDictionary<string, PredictiveModelType> modelTypes,
        IReadOnlyDictionary<string, ControlPolicyType> policyTypes)
    {
        List<TelemetryDefinition> telemetry = [.. definition.Telemetry];
        CompiledModel[] models = CompiledModel.CompileAll(definition, telemetry, modelTypes);
        TwinDefinition whole = telemetry.Count > definition.Telemetry.Count
            ? definition with { Telemetry = telemetry }
            : definition;
        return new CompiledKind(definition.Kind, revision, whole)
        {
            Models = models,
            ModelStateLength = models.Sum(m => m.Model.StateLength),
            Policies = CompiledPolicy.CompileAll(whole, policyTypes),
        };
    }

    /// <summary>
    /// Makes its batched models ready to run. Kinds in force are opened, older revisions only folded: what ran then
    /// may be gone.
    /// </summary>
    /// <exception cref="DefinitionException">A model cannot run as the definition says.</exception>
    public CompiledKind Open()
    {
        for (int i = 0; i < Models.Length; i++)
        {
            Models[i].Open(Definition!, i);
        }

        return this;
    }

    /// <summary>The place of a model by its name, or -1.</summary>
    public int FindModel(string name) => Array.FindIndex(Models, m => m.Definition.Name == name);
}
