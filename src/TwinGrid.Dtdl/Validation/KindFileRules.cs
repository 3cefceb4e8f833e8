using TwinGrid.Dtdl.Compilation;
using TwinGrid.Dtdl.Parsing;

namespace TwinGrid.Dtdl.Validation;

/// <summary>
/// The rules of a kind file that go beyond the type of a member: names, units, ranges, and that what is referred to
/// is there.
/// </summary>
/// <param name="problems">Where problems are reported.</param>
internal sealed class KindFileRules(ProblemList problems)
{
    /// <summary>How many inputs a model may have: one bit each says which of them came.</summary>
    public const int MaxInputs = 64;

    /// <summary>Members of a device's message that are no telemetry (contracts section 3).</summary>
    private static readonly string[] ReservedInMessages = ["ts", "seq", "epoch", "source", "historical", "values"];

    /// <summary>The first names of what is no telemetry in an expression.</summary>
    private static readonly string[] ReservedInExpressions = ["predictions", "properties"];

    /// <summary>Judges the file alone.</summary>
    public void CheckFile(KindFile file)
    {
        CheckHead(file);
        CheckNames(file.Telemetry, "telemetry", static entry => entry.Name, DtdlNames.IsDotted, DtdlNames.DottedRule);
        CheckNames(file.Properties, "property", static entry => entry.Name, DtdlNames.IsDotted, DtdlNames.DottedRule);
        CheckNames(file.Commands, "command", static entry => entry.Name, DtdlNames.IsCommand, DtdlNames.CommandRule);
        CheckItems(file.Models, "model", static model => model.Name);
        CheckItems(file.Policies, "policy", static policy => policy.Name);
        foreach (Located<TelemetryDefinition> entry in file.Telemetry)
        {
            CheckUnit(entry.At);
            if (entry.Value is { Min: { } min, Max: { } max } && min > max)
            {
                problems.Add(entry.At.Find("min")!, $"min {entry.At.File.Raw(entry.At.Find("min")!)} is above max "
                    + entry.At.File.Raw(entry.At.Find("max")!));
            }

            if (entry.Value.Step <= 0)
            {
                problems.Add(entry.At.Find("step")!, "the step is a size: expected a number above 0");
            }
        }

        file.Properties.ToList().ForEach(entry => CheckUnit(entry.At));
        new IngestRules(problems).Check(file);
        new PolicyRules(problems).CheckFile(file);
    }

    /// <summary>Judges the file with its interface written in.</summary>
    public void CheckDefinition(KindFile file, TwinDefinition definition, InterfaceContents contents)
    {
        Dictionary<string, TelemetryDefinition> telemetry =
            definition.Telemetry.ToDictionary(static entry => entry.Name, StringComparer.Ordinal);
        foreach (TelemetryDefinition entry in definition.Telemetry)
        {
            JsonValue at = Where(file, "telemetry", entry.Name);
            CheckName(entry.Name, at, telemetry);
            CheckMembersOfType(entry.Type, at);
        }

        // A model's features are telemetry of the models after it; which it has, it says when it is made.
        HashSet<string> before = new(StringComparer.Ordinal);
        foreach (Located<ModelDefinition> model in file.Models)
        {
            CheckModel(model, telemetry, before, contents);
            before.Add(model.Value.Name);
        }

        new PolicyRules(problems).CheckDefinition(file, definition);
    }

    /// <summary>Where an entry stands: its own place, or that of the interface which it comes from.</summary>
    private static JsonValue Where(KindFile file, string section, string name) =>
        file.Root.Find(section)?.Find(name) ?? file.Root.Find("interface") ?? file.Root;

    private void CheckHead(KindFile file)
    {
        JsonValue? kind = file.Root.Find("kind");
        if (file.Kind.Length > 0 && (!TwinId.IsSegment(file.Kind) || file.Kind[0] == '_'))
        {
            problems.Add(
                kind!,
                $"'{file.Kind}' is no kind: {TwinId.SegmentRule}; a leading '_' is the grid's own");
        }

        if (file.Interface is { } id && (!Dtmi.IsUser(id) || id.Length > Dtmi.MaxInterfaceLength))
        {
            problems.Add(file.Root.Find("interface")!, $"'{id}' is no interface's id: expected {Dtmi.Form}");
        }

        if (file.Root.Kind == JsonKind.Object
            && file.Root.Find("interface") is null
            && file.Root.Find("telemetry") is null)
        {
            problems.Add(file.Root, "a kind file needs 'interface' or 'telemetry' to say what its devices measure");
        }
    }

    private void CheckNames<T>(
        IReadOnlyList<Located<T>> entries, string noun, Func<T, string> nameOf, Func<string, bool> isName, string rule)
    {
        foreach (Located<T> entry in entries.Where(entry => !isName(nameOf(entry.Value))))
        {
            problems.Add(entry.At, $"'{nameOf(entry.Value)}' is no name of a {noun}: {rule}");
        }
    }

    private void CheckItems<T>(IReadOnlyList<Located<T>> items, string noun, Func<T, string> nameOf)
    {
        Dictionary<string, JsonValue> seen = new(StringComparer.Ordinal);
        foreach (Located<T> item in items)
        {
            string name = nameOf(item.Value);
            if (name.Length == 0)
            {
                continue;
            }

            JsonValue at = item.At.Find("name")!;
            if (!DtdlNames.IsName(name))
            {
                problems.Add(at, $"'{name}' is no name of a {noun}: {DtdlNames.NameRule}");
            }

            if (!seen.TryAdd(name, at))
            {
                problems.Add(at, $"the {noun} '{name}' is there twice; it stands first in {seen[name].Position()}");
            }
        }
    }

    private void CheckUnit(JsonValue entry)
    {
        if (entry.Find("unit") is { Kind: JsonKind.Text, Text.Length: > 0 } unit && !Units.IsKnown(unit.Text))
        {
            problems.Add(
                unit,
                $"'{unit.Text}' is no known unit: expected a DTDL unit such as degreeCelsius or a usual symbol such as "
                + $"kPa, or no unit{NearestName.Hint(unit.Text, Units.Names)}");
        }
    }

    private void CheckName(string name, JsonValue at, Dictionary<string, TelemetryDefinition> telemetry)
    {
        string first = name.Split('.')[0];
        bool inMessages = ReservedInMessages.Contains(first);
        if (inMessages || ReservedInExpressions.Contains(first))
        {
            string where = inMessages ? "messages" : "expressions";
            problems.Add(
                at, $"the telemetry '{name}' begins with '{first}', which is reserved in {where}: choose another name");
        }

        for (int dot = name.IndexOf('.', StringComparison.Ordinal); dot > 0; dot = name.IndexOf('.', dot + 1))
        {
            if (telemetry.ContainsKey(name[..dot]))
            {
                problems.Add(at, $"'{name[..dot]}' is a telemetry itself and cannot have the component '{name}'");
            }
        }
    }

    private void CheckMembersOfType(TelemetryType type, JsonValue at)
    {
        string[] numeric = type switch
        {
            TelemetryType.Number => [],
            TelemetryType.Waveform => ["min", "max", "step"],
            _ => ["min", "max", "step", "unit"],
        };
        foreach (JsonValue member in numeric.Select(at.Find).OfType<JsonValue>())
        {
            problems.Add(
                member, $"a telemetry of type '{Words.Of(type)}' has no '{member.Name}': expected the type 'number'");
        }
    }

    private void CheckModel(
        Located<ModelDefinition> model,
        Dictionary<string, TelemetryDefinition> telemetry,
        HashSet<string> before,
        InterfaceContents contents)
    {
        IReadOnlyList<JsonValue> inputs = model.At.Find("inputs") is { Kind: JsonKind.Array } array ? array.Items : [];
        if (inputs.Count > MaxInputs)
        {
            problems.Add(model.At.Find("inputs")!, $"a model has at most {MaxInputs} inputs; this has {inputs.Count}");
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (JsonValue input in inputs.Where(static input => input.Kind == JsonKind.Text))
        {
            if (!before.Contains(input.Text.Split('.')[0]) || telemetry.ContainsKey(input.Text))
            {
                CheckModelTelemetry(input, telemetry, contents);
            }

            if (!seen.Add(input.Text))
            {
                problems.Add(input, $"the input '{input.Text}' is there twice");
            }
        }

        if (model.At.Find("output") is { Kind: JsonKind.Text, Text.Length: > 0 } output)
        {
            CheckModelTelemetry(output, telemetry, contents);
        }
    }

    private void CheckModelTelemetry(
        JsonValue at, Dictionary<string, TelemetryDefinition> telemetry, InterfaceContents contents)
    {
        if (telemetry.TryGetValue(at.Text, out TelemetryDefinition? entry))
        {
            if (entry.Type is not (TelemetryType.Number or TelemetryType.Boolean or TelemetryType.Waveform))
            {
                problems.Add(
                    at,
                    $"'{at.Text}' is of type '{Words.Of(entry.Type)}': models read numbers and booleans, some a "
                    + "waveform");
            }

            return;
        }

        string relationship = contents.Relationships.Contains(at.Text.Split('.')[0])
            ? "; inputs through a relationship come in a later version"
            : "";
        problems.Add(
            at,
            $"'{at.Text}' is no telemetry of this kind: expected {Words.List(telemetry.Keys.DefaultIfEmpty("one"))}"
            + NearestName.Hint(at.Text, telemetry.Keys) + relationship);
    }
}
