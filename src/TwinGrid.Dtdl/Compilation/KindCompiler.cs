using TwinGrid.Dtdl.Parsing;
using TwinGrid.Dtdl.Validation;

namespace TwinGrid.Dtdl.Compilation;

/// <summary>
/// Writes an interface into a kind file: the interface's entries in its order, refined by the file's own of the same
/// name, then what only the file has. What the interface says, the file cannot unsay.
/// </summary>
/// <param name="problems">Where problems are reported.</param>
internal sealed class KindCompiler(ProblemList problems)
{
    /// <summary>The whole definition; complete only where no problem was reported.</summary>
    public TwinDefinition Compile(KindFile file, InterfaceContents contents) => new()
    {
        Kind = file.Kind,
        Version = file.Version,
        Interface = file.Interface,
        Telemetry = Merge(contents.Telemetry, file.Telemetry, static entry => entry.Name, Refine),
        Properties = Merge(contents.Properties, file.Properties, static entry => entry.Name, Refine),
        Commands = Merge(contents.Commands, file.Commands, static entry => entry.Name, Refine),
        Models = [.. file.Models.Select(static model => model.Value)],
        Policies = [.. file.Policies.Select(static policy => policy.Value)],
        Ingest = [.. file.Ingest.Select(static mapping => mapping.Value)],
        Source = file.Root.File.Source,
    };

    private static List<T> Merge<T>(
        IReadOnlyList<T> given, IReadOnlyList<Located<T>> own, Func<T, string> nameOf, Func<T, Located<T>, T> refine)
        where T : class
    {
        Dictionary<string, Located<T>> byName = own.ToDictionary(entry => nameOf(entry.Value), StringComparer.Ordinal);
        List<T> merged = [];
        foreach (T entry in given)
        {
            merged.Add(byName.Remove(nameOf(entry), out Located<T> refinement) ? refine(entry, refinement) : entry);
        }

        merged.AddRange(own.Select(static entry => entry.Value).Where(entry => byName.ContainsKey(nameOf(entry))));
        return merged;
    }

    private TelemetryDefinition Refine(TelemetryDefinition given, Located<TelemetryDefinition> own)
    {
        CheckSame(own.At, "type", Words.Of(given.Type), Words.Of(own.Value.Type));
        CheckSameUnit(own.At, given.Unit, own.Value.Unit);
        return own.Value with
        {
            Type = given.Type,
            Unit = given.Unit ?? own.Value.Unit,
            Description = own.Value.Description ?? given.Description,
        };
    }

    private PropertyDefinition Refine(PropertyDefinition given, Located<PropertyDefinition> own)
    {
        CheckSame(own.At, "type", Words.Of(given.Type), Words.Of(own.Value.Type));
        CheckSame(own.At, "writable", given.Writable ? "true" : "false", own.Value.Writable ? "true" : "false");
        CheckSameUnit(own.At, given.Unit, own.Value.Unit);
        return given with
        {
            Unit = given.Unit ?? own.Value.Unit,
            Description = own.Value.Description ?? given.Description,
        };
    }

    private static CommandDefinition Refine(CommandDefinition given, Located<CommandDefinition> own) =>
        own.Value with { Description = own.Value.Description ?? given.Description };

    private void CheckSameUnit(JsonValue at, string? given, string? own)
    {
        if (given is not null && own is not null)
        {
            CheckSame(at, "unit", given, own);
        }
    }

    private void CheckSame(JsonValue at, string member, string given, string own)
    {
        if (at.Find(member) is { } value && given != own)
        {
            problems.Add(value, $"{value.Describe()} contradicts the interface, which says '{given}': leave it out");
        }
    }
}
