using System.Text.Json;

namespace TwinGrid.Twins.Modelling;

/// <summary>A model of a kind with the slots that it reads and its slice of a twin's model state. Immutable.</summary>
internal sealed class CompiledModel
{
    // Inputs of a model and models of a kind are bits of one word on the hot path.
    private const int MostInputs = 64;
    private const int MostModels = 64;

    private CompiledModel(ModelDefinition definition, IPredictiveModel model, int offset, int[] inputs, int output)
    {
        Definition = definition;
        Model = model;
        StateOffset = offset;
        InputSlots = inputs;
        OutputSlot = output;
        string options = definition.Options.ValueKind == JsonValueKind.Undefined ? "" : definition.Options.GetRawText();
        Fingerprint = $"{definition.Name}|{definition.Type}|{model.Version}|{string.Join(',', definition.Inputs)}"
            + $"|{definition.Output}|{options}";
    }

    public ModelDefinition Definition { get; }

    public IPredictiveModel Model { get; }

    /// <summary>What must stay the same for a twin to keep what this model learnt.</summary>
    public string Fingerprint { get; }

    /// <summary>Where its slice of the twin's model state begins.</summary>
    public int StateOffset { get; }

    /// <summary>The telemetry slots of its inputs, in order.</summary>
    public int[] InputSlots { get; }

    /// <summary>The telemetry slot of its output, or -1.</summary>
    public int OutputSlot { get; }

    public static CompiledModel[] CompileAll(
        TwinDefinition definition, IReadOnlyDictionary<string, PredictiveModelType> types)
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
            compiled[i] = Compile(definition, i, offset, types);
            offset += compiled[i].Model.StateLength;
        }

        return compiled;
    }

    // A model type knows its options, and not in which file they stand.
    private static IPredictiveModel Create(PredictiveModelType type, ModelDefinition model, string source, int index)
    {
        try
        {
            return type.Create(model);
        }
        catch (DefinitionException e)
        {
            throw new DefinitionException($"{source}: $.models[{index}]: {e.Message}", e);
        }
    }

    private static CompiledModel Compile(
        TwinDefinition definition, int index, int offset, IReadOnlyDictionary<string, PredictiveModelType> types)
    {
        ModelDefinition model = definition.Models[index];
        string source = definition.Source ?? definition.Kind;
        if (!types.TryGetValue(model.Type, out PredictiveModelType? type))
        {
            string known = string.Join(", ", types.Keys.Order(StringComparer.Ordinal));
            throw new DefinitionException(
                source, $"$.models[{index}].type", $"no model type '{model.Type}' is registered; known are {known}");
        }

        if (model.Inputs.Count > MostInputs)
        {
            throw new DefinitionException(
                source,
                $"$.models[{index}].inputs",
                $"{model.Inputs.Count} inputs; a model takes at most {MostInputs}");
        }

        int[] inputs = [.. model.Inputs.Select((name, i) => Slot(name, $"$.models[{index}].inputs[{i}]"))];
        int output = model.Output is null ? -1 : Slot(model.Output, $"$.models[{index}].output");
        return new CompiledModel(model, Create(type, model, source, index), offset, inputs, output);

        int Slot(string name, string place)
        {
            for (int slot = 0; slot < definition.Telemetry.Count; slot++)
            {
                if (definition.Telemetry[slot].Name == name)
                {
                    return slot;
                }
            }

            throw new DefinitionException(source, place, $"the kind has no telemetry '{name}'");
        }
    }
}
