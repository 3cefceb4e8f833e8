namespace TwinGrid.Twins.Control.Expressions;

/// <summary>Finds what a name stands for in a definition: telemetry, a part of one, a prediction, a property.</summary>
internal sealed class NameBinder(TwinDefinition definition, ExpressionErrors errors)
{
    private const string PredictionPrefix = "predictions.";
    private const string PropertyPrefix = "properties.";
    private const string ReportedPrefix = "properties.reported.";
    private const string DesiredPrefix = "properties.desired.";

    private static readonly string[] _fields =
        [.. Enum.GetNames<PredictionField>().Select(static name => name.ToLowerInvariant())];

    private static readonly Dictionary<string, Func<ReadingValue, double>> _positionParts = new()
    {
        ["lat"] = static value => value.Position?.Latitude ?? double.NaN,
        ["lon"] = static value => value.Position?.Longitude ?? double.NaN,
        ["alt"] = static value => value.Position?.Altitude ?? double.NaN,
    };

    private static readonly Dictionary<string, Func<ReadingValue, double>> _waveformParts = new()
    {
        ["rms"] = static value => value.Waveform?.Rms ?? double.NaN,
        ["peak"] = static value => value.Waveform?.Peak ?? double.NaN,
        ["crest"] = static value => value.Waveform?.Crest ?? double.NaN,
        ["kurtosis"] = static value => value.Waveform?.Kurtosis ?? double.NaN,
        ["mean"] = static value => value.Waveform?.Mean ?? double.NaN,
    };

    /// <summary>What was found so far.</summary>
    public ExpressionReads Reads { get; } = new();

    /// <summary>Finds a value.</summary>
    /// <exception cref="DefinitionException">Nothing has that name, or it is no single value.</exception>
    public Node Bind(NameSyntax syntax)
    {
        string name = syntax.Name;
        if (FindTelemetry(name) is int slot)
        {
            return BindTelemetry(syntax, slot);
        }

        if (name.StartsWith(PredictionPrefix, StringComparison.Ordinal))
        {
            return BindPrediction(syntax);
        }

        if (name.StartsWith(PropertyPrefix, StringComparison.Ordinal))
        {
            return BindProperty(syntax);
        }

        int dot = name.LastIndexOf('.');
        return dot > 0 && FindTelemetry(name[..dot]) is int owner && Parts(owner) is { } parts
            ? BindPart(syntax, owner, parts, name[(dot + 1)..])
            : throw Unknown(syntax);
    }

    /// <summary>Finds a telemetry by its whole name.</summary>
    /// <exception cref="DefinitionException">There is none.</exception>
    public int BindTelemetrySlot(ExpressionSyntax syntax)
    {
        if (syntax is NameSyntax name)
        {
            int slot = FindTelemetry(name.Name)
                ?? throw errors.At(
                    name.Start,
                    $"found '{name.Name}'; expected the name of a telemetry"
                    + NearestName.Sentence(name.Name, "telemetry", [.. definition.Telemetry.Select(t => t.Name)]));
            Reads.TelemetrySlots.Add(slot);
            return slot;
        }

        throw errors.At(syntax.Start, $"found {errors.Quote(syntax)}; expected the name of a telemetry");
    }

    /// <summary>The slot of a telemetry, or null where the name is not one.</summary>
    public int? FindTelemetry(string name)
    {
        for (int slot = 0; slot < definition.Telemetry.Count; slot++)
        {
            if (definition.Telemetry[slot].Name == name)
            {
                return slot;
            }
        }

        return null;
    }

    /// <summary>The type of a telemetry.</summary>
    public TelemetryType TypeOf(int slot) => definition.Telemetry[slot].Type;

    private Node BindTelemetry(NameSyntax syntax, int slot)
    {
        Reads.TelemetrySlots.Add(slot);
        TelemetryDefinition telemetry = definition.Telemetry[slot];
        return telemetry.Type switch
        {
            TelemetryType.Number => new TelemetryNumber(telemetry.Name, slot, telemetry.Unit),
            TelemetryType.Boolean => new TelemetryCondition(telemetry.Name, slot),
            TelemetryType.Text => new TelemetryText(telemetry.Name, slot),
            TelemetryType.None => new UntypedTelemetry(telemetry.Name, slot, telemetry.Unit),
            _ => throw errors.At(
                syntax.Start,
                $"found '{telemetry.Name}', which is a {Word(telemetry.Type)}; expected one of its parts: "
                + string.Join(", ", Parts(slot)!.Keys.Select(part => $"{telemetry.Name}.{part}"))),
        };
    }

    private TelemetryPart BindPart(
        NameSyntax syntax, int slot, Dictionary<string, Func<ReadingValue, double>> parts, string part)
    {
        TelemetryDefinition telemetry = definition.Telemetry[slot];
        if (!parts.TryGetValue(part, out Func<ReadingValue, double>? read))
        {
            throw errors.At(
                syntax.Start,
                $"found '{syntax.Name}'; expected a part of {telemetry.Name}, which is a {Word(telemetry.Type)}"
                + NearestName.Sentence(part, "parts", [.. parts.Keys]));
        }

        Reads.TelemetrySlots.Add(slot);
        string? unit = part switch
        {
            "alt" => "m",
            "rms" or "peak" or "mean" => telemetry.Unit,
            _ => null,
        };
        return new TelemetryPart(syntax.Name, slot, unit, read);
    }

    private PredictionNumber BindPrediction(NameSyntax syntax)
    {
        string[] path = syntax.Name.Split('.');
        int model = IndexOfModel(path[1]);
        if (model < 0)
        {
            throw errors.At(
                syntax.Start,
                $"found '{syntax.Name}'; expected predictions.{{model}}.{{field}} of a model of this kind"
                + NearestName.Sentence(path[1], "models", [.. definition.Models.Select(m => m.Name)]));
        }

        int field = path.Length == 3 ? Array.IndexOf(_fields, path[2]) : -1;
        if (field < 0)
        {
            throw errors.At(
                syntax.Start,
                $"found '{syntax.Name}'; expected a field after predictions.{path[1]}"
                + NearestName.Sentence(string.Join('.', path[2..]), "fields", _fields));
        }

        Reads.Models.Add(model);
        return new PredictionNumber(syntax.Name, model, (PredictionField)field);
    }

    private Node BindProperty(NameSyntax syntax)
    {
        bool desired = syntax.Name.StartsWith(DesiredPrefix, StringComparison.Ordinal);
        bool reported = syntax.Name.StartsWith(ReportedPrefix, StringComparison.Ordinal);
        string path = desired ? syntax.Name[DesiredPrefix.Length..]
            : reported ? syntax.Name[ReportedPrefix.Length..]
            : "";
        if (path.Split('.').Any(static part => part.Length == 0))
        {
            throw errors.At(
                syntax.Start,
                $"found '{syntax.Name}'; expected properties.reported.{{name}} or properties.desired.{{name}}");
        }

        Reads.Properties = true;
        PropertyDefinition? declared = FindProperty(path);
        if (declared is null && definition.Properties.Count > 0)
        {
            throw errors.At(
                syntax.Start,
                $"found '{syntax.Name}'; expected a property of this kind"
                + NearestName.Sentence(path, "properties", [.. definition.Properties.Select(p => p.Name)]));
        }

        PropertyValue value = new(syntax.Name, desired, path, declared?.Name == path ? declared.Unit : null);
        return (declared?.Type, declared?.Name == path) switch
        {
            (TelemetryType.Number, true) => new UntypedNumber(value),
            (TelemetryType.Boolean, true) => new UntypedCondition(value),
            (TelemetryType.Text, true) => new UntypedText(value),
            (TelemetryType.Number or TelemetryType.Boolean or TelemetryType.Text, false) => throw errors.At(
                syntax.Start, $"found '{syntax.Name}'; expected no parts: '{declared!.Name}' is a single value"),
            _ => value,
        };
    }

    /// <summary>The declared property with that name, or the longest that the path goes through.</summary>
    private PropertyDefinition? FindProperty(string path) => definition.Properties
        .Where(p => path == p.Name || path.StartsWith(p.Name + ".", StringComparison.Ordinal))
        .MaxBy(static p => p.Name.Length);

    private int IndexOfModel(string name)
    {
        for (int model = 0; model < definition.Models.Count; model++)
        {
            if (definition.Models[model].Name == name)
            {
                return model;
            }
        }

        return -1;
    }

    private Dictionary<string, Func<ReadingValue, double>>? Parts(int slot) => TypeOf(slot) switch
    {
        TelemetryType.Position => _positionParts,
        TelemetryType.Waveform => _waveformParts,
        _ => null,
    };

    private static string Word(TelemetryType type) => type == TelemetryType.Position ? "position" : "waveform";

    private DefinitionException Unknown(NameSyntax syntax)
    {
        List<string> known = [];
        for (int slot = 0; slot < definition.Telemetry.Count; slot++)
        {
            string name = definition.Telemetry[slot].Name;
            known.AddRange(Parts(slot) is { } parts ? parts.Keys.Select(part => $"{name}.{part}") : [name]);
        }

        known.AddRange(definition.Models.Select(static model => $"{PredictionPrefix}{model.Name}.value"));
        return errors.At(
            syntax.Start,
            $"found the unknown name '{syntax.Name}'; expected a telemetry of this kind, "
            + "predictions.{model}.{field}, properties.reported.{name} or properties.desired.{name}"
            + NearestName.Sentence(syntax.Name, "names", known));
    }
}
