using System.Security.Cryptography;
using System.Text.Json;

namespace TwinGrid.Twins.Modelling;

/// <summary>A model of a kind with the slots that it reads and its slice of a twin's model state. Immutable.</summary>
internal sealed class CompiledModel
{
    // Inputs of a model and models of a kind are bits of one word on the hot path.
    private const int MostInputs = 64;
    private const int MostModels = 64;

    private readonly string _place;

    private CompiledModel(
        ModelDefinition definition, IPredictiveModel model, int offset, int[] inputs, int output, int[] features)
    {
        Definition = definition;
        Model = model;
        Batched = model as BatchedModel;
        StateOffset = offset;
        InputSlots = inputs;
        OutputSlot = output;
        WaveformSlot = model.WaveformInput >= 0 ? inputs[model.WaveformInput] : -1;
        FeatureSlots = features;
        IsPlain = Batched is null && WaveformSlot < 0 && features.Length == 0;
        _place = $"{definition.Name}|{definition.Type}|{model.Version}|{string.Join(',', definition.Inputs)}"
            + $"|{definition.Output}|";
        Fingerprint = _place + Sum(definition.Options);
    }

    public ModelDefinition Definition { get; }

    public IPredictiveModel Model { get; }

    /// <summary>The model where it runs outside the turn, else null.</summary>
    public BatchedModel? Batched { get; }

    /// <summary>True where it runs in the turn, on numbers, and makes no features: most do.</summary>
    public bool IsPlain { get; }

    /// <summary>
    /// What must stay the same for a twin to keep what this model learnt. Of the options it has a checksum: parameters
    /// may be 100 KB and more, and every twin's snapshot has this.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>Where its slice of the twin's model state begins.</summary>
    public int StateOffset { get; }

    /// <summary>The telemetry slots of its inputs, in order.</summary>
    public int[] InputSlots { get; }

    /// <summary>The telemetry slot of its output, or -1.</summary>
    public int OutputSlot { get; }

    /// <summary>The slot of the waveform whose blocks it reads, or -1.</summary>
    public int WaveformSlot { get; }

    /// <summary>The slots of its features, in order.</summary>
    public int[] FeatureSlots { get; }

    /// <summary>Compiles the models of a kind in their order.</summary>
    /// <param name="definition">The kind.</param>
    /// <param name="telemetry">Its telemetry; the features of the models are added.</param>
    /// <param name="types">The model types that are registered.</param>
    public static CompiledModel[] CompileAll(
        TwinDefinition definition,
        List<TelemetryDefinition> telemetry,
        IReadOnlyDictionary<string, PredictiveModelType> types)
    {
        if (definition.Models.Count > MostModels)
        {
            throw new DefinitionException(
                definition.Source ?? definition.Kind,
                "$.models",
                $"{definition.Models.Count} models; a kind takes at most {MostModels}");
        }

        var compiled = new CompiledModel[definition.Models.Count];
        int offset = 0;
        for (int i = 0; i < compiled.Length; i++)
        {
            ModelInputs place = new(definition, i, telemetry);
            compiled[i] = Compile(place, offset, types);
            offset += compiled[i].Model.StateLength;
            place.CheckMadeBefore(compiled[i].FeatureSlots);
        }

        return compiled;
    }

    /// <summary>Whether what a stored state says of a model is said of this one.</summary>
    /// <param name="fingerprint">As it is now, or as folds before version 6 wrote it, with the options' text.</param>
    public bool IsThatOf(string fingerprint)
    {
        if (fingerprint == Fingerprint)
        {
            return true;
        }

        if (!fingerprint.StartsWith(_place + "{", StringComparison.Ordinal))
        {
            return false;
        }

        using var options = JsonDocument.Parse(fingerprint.AsMemory(_place.Length));
        return Fingerprint == _place + Sum(options.RootElement);
    }

    /// <summary>Makes a batched model ready to run.</summary>
    /// <exception cref="DefinitionException">It cannot run as the definition says.</exception>
    public void Open(TwinDefinition definition, int index)
    {
        if (Batched is not null)
        {
            new ModelInputs(definition, index, []).InFile(() =>
            {
                Batched.Open();
                return Batched;
            });
        }
    }

    /// <summary>SHA-256 of the options, however they are spaced and escaped; the order of members counts.</summary>
    private static string Sum(JsonElement options) => options.ValueKind == JsonValueKind.Undefined
        ? ""
        : Convert.ToHexStringLower(
            SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(options, TwinGridJson.Default.JsonElement)));

    private static CompiledModel Compile(
        ModelInputs place, int offset, IReadOnlyDictionary<string, PredictiveModelType> types)
    {
        ModelDefinition model = place.Model;
        if (!types.TryGetValue(model.Type, out PredictiveModelType? type))
        {
            string known = string.Join(", ", types.Keys.Order(StringComparer.Ordinal));
            throw place.Wrong("type", $"no model type '{model.Type}' is registered; known are {known}");
        }

        if (model.Inputs.Count > MostInputs)
        {
            throw place.Wrong("inputs", $"{model.Inputs.Count} inputs; a model takes at most {MostInputs}");
        }

        int[] inputs = [.. model.Inputs.Select((name, i) => place.Slot(name, $"inputs[{i}]"))];
        int output = model.Output is null ? -1 : place.Slot(model.Output, "output");
        IPredictiveModel made = place.InFile(() => type.Create(model));
        place.CheckWaveforms(made, inputs);
        return new CompiledModel(model, made, offset, inputs, output, place.AddFeatures(made, inputs));
    }
}
