namespace TwinGrid.Twins.Modelling;

/// <summary>
/// Finds what a model of a definition reads and makes room for what it makes; knows where it stands in its file.
/// </summary>
/// <param name="definition">The kind.</param>
/// <param name="index">The model's place in it.</param>
/// <param name="telemetry">The kind's telemetry with the features of the models before this one.</param>
internal readonly struct ModelInputs(TwinDefinition definition, int index, List<TelemetryDefinition> telemetry)
{
    public ModelDefinition Model => definition.Models[index];

    /// <summary>The exception for a member of the model.</summary>
    public DefinitionException Wrong(string member, string problem) =>
        new(definition.Source ?? definition.Kind, $"$.models[{index}].{member}", problem);

    /// <summary>Lets a model judge its options: it does not know in which file they stand.</summary>
    public T InFile<T>(Func<T> judge)
    {
        try
        {
            return judge();
        }
        catch (DefinitionException e)
        {
            throw new DefinitionException(
                $"{definition.Source ?? definition.Kind}: $.models[{index}]: {e.Message}", e);
        }
    }

    /// <summary>The slot of a telemetry or of an earlier model's feature.</summary>
    public int Slot(string name, string member)
    {
        int slot = telemetry.FindIndex(entry => entry.Name == name);
        return slot >= 0 ? slot : throw Wrong(member, $"the kind has no telemetry '{name}'{Features(name)}");
    }

    /// <summary>Sees that waveforms go where blocks are read, and nothing else does.</summary>
    public void CheckWaveforms(IPredictiveModel model, int[] inputs)
    {
        if (model.WaveformInput >= inputs.Length)
        {
            throw Wrong("inputs", $"{Model.Type} reads a waveform as its input {model.WaveformInput}, and has no such");
        }

        for (int i = 0; i < inputs.Length; i++)
        {
            bool isWaveform = telemetry[inputs[i]].Type == TelemetryType.Waveform;
            if (isWaveform == (i == model.WaveformInput))
            {
                continue;
            }

            string name = Model.Inputs[i];
            throw Wrong($"inputs[{i}]", isWaveform
                ? $"'{name}' is a waveform, {Model.Type} reads numbers here: a model of type Signals before this one"
                    + " makes numbers of it"
                : $"'{name}' is no waveform, which {Model.Type} reads here: declare it with the type \"waveform\"");
        }
    }

    /// <summary>Gives each feature a slot: the declared telemetry of its name, or a new one.</summary>
    public int[] AddFeatures(IPredictiveModel model, int[] inputs)
    {
        IReadOnlyList<ModelFeature> features = model.Features;
        int[] slots = new int[features.Count];
        for (int i = 0; i < slots.Length; i++)
        {
            string name = $"{Model.Name}.{features[i].Name}";
            slots[i] = telemetry.FindIndex(entry => entry.Name == name);
            if (slots[i] < 0)
            {
                slots[i] = telemetry.Count;
                string? unit = features[i].InUnitOfWaveform ? telemetry[inputs[model.WaveformInput]].Unit : null;
                telemetry.Add(new TelemetryDefinition { Name = name, Unit = unit });
            }
            else if (telemetry[slots[i]].Type != TelemetryType.Number)
            {
                throw Wrong("name", $"the model makes the number '{name}', which is declared as another type");
            }
        }

        return slots;
    }

    /// <summary>Sees that nobody reads this model's features before it makes them: that one would never run.</summary>
    /// <param name="features">Their slots.</param>
    public void CheckMadeBefore(int[] features)
    {
        foreach (int slot in features)
        {
            string name = telemetry[slot].Name;
            for (int i = 0; i <= index; i++)
            {
                if (definition.Models[i].Inputs.Contains(name))
                {
                    throw new ModelInputs(definition, i, telemetry).Wrong(
                        "inputs", $"'{name}' is made by the model '{Model.Name}': list this one after it");
                }
            }
        }
    }

    private string Features(string name)
    {
        string prefix = name[..(name.LastIndexOf('.') + 1)];
        string[] made = [.. telemetry.Select(entry => entry.Name)
            .Where(known => prefix.Length > 0 && known.StartsWith(prefix, StringComparison.Ordinal))];
        return made.Length == 0 ? "" : $"; there are {string.Join(", ", made)}";
    }
}
