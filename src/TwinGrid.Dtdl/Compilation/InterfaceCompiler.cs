using TwinGrid.Dtdl.Parsing;
using TwinGrid.Dtdl.Validation;

namespace TwinGrid.Dtdl.Compilation;

/// <summary>
/// Compiles an interface into what a kind has: what it extends first, then its own; components and the fields of
/// objects become names joined by dots. What TwinGrid cannot hold as telemetry is an error, never left out.
/// </summary>
/// <param name="model">The whole model.</param>
/// <param name="problems">Where problems are reported, each with the file that it stands in.</param>
internal sealed class InterfaceCompiler(DtdlModel model, ProblemList problems)
{
    private readonly List<TelemetryDefinition> _telemetry = [];
    private readonly List<PropertyDefinition> _properties = [];
    private readonly List<CommandDefinition> _commands = [];
    private readonly List<string> _relationships = [];

    /// <summary>Compiles one interface, which has passed <see cref="InterfaceRules"/>.</summary>
    public static InterfaceContents Compile(DtdlElement root, DtdlModel model, ProblemList problems)
    {
        InterfaceCompiler compiler = new(model, problems);
        compiler.AddInterface(root, "", []);
        return new InterfaceContents
        {
            Telemetry = compiler._telemetry,
            Properties = compiler._properties,
            Commands = compiler._commands,
            Relationships = compiler._relationships,
        };
    }

    private void AddInterface(DtdlElement element, string prefix, HashSet<DtdlElement> added)
    {
        if (!added.Add(element))
        {
            return;
        }

        foreach (DtdlElement super in model.Follow(element, "extends"))
        {
            AddInterface(super, prefix, added);
        }

        foreach (DtdlElement content in model.Follow(element, "contents"))
        {
            AddContent(content, prefix);
        }
    }

    private void AddContent(DtdlElement content, string prefix)
    {
        string name = prefix + content.Name;
        switch (content.Class)
        {
            case DtdlClass.Telemetry:
                AddTelemetry(content, name, content.Text("description"));
                break;
            case DtdlClass.Property:
                AddProperty(content, name);
                break;
            case DtdlClass.Command:
                _commands.Add(new CommandDefinition { Name = name, Description = content.Text("description") });
                break;
            case DtdlClass.Component:
                AddInterface(model.Follow(content, "schema").First(), $"{name}.", []);
                break;
            case DtdlClass.Relationship:
                _relationships.Add(name);
                break;
        }
    }

    /// <param name="holder">The telemetry, or the field of an object in it: what has the schema and the unit.</param>
    /// <param name="name">Its name with those around it.</param>
    /// <param name="description">A sentence for people.</param>
    private void AddTelemetry(DtdlElement holder, string name, string? description)
    {
        if (!DtdlNames.IsDotted(name))
        {
            problems.Add(
                holder.At,
                $"the telemetry '{name}' is too deep or too long: at most {DtdlNames.MaxComponents} components and "
                + $"{DtdlNames.MaxLength} characters");
            return;
        }

        DtdlLink schema = holder.To("schema")[0];
        if (model.Follow(schema) is { Class: DtdlClass.Object } fields)
        {
            AddFields(fields, name);
            return;
        }

        TelemetryType type = TypeOf(schema);
        if (type == TelemetryType.None)
        {
            string there = schema.Term ?? TypeReader.NounOf(model.Follow(schema)!.Class);
            problems.Add(
                schema.At, $"the telemetry '{name}' has a schema that a twin cannot hold yet, {there}: "
                + "expected a primitive schema, point, an Enum or an Object of these");
            return;
        }

        _telemetry.Add(new TelemetryDefinition
        {
            Name = name, Type = type, Unit = holder.Text("unit"), Description = description,
        });
    }

    private void AddFields(DtdlElement fields, string name)
    {
        if (fields.To("fields").Count == 0)
        {
            problems.Add(fields.At, $"the telemetry '{name}' is an Object without fields: there is nothing to measure");
        }

        foreach (DtdlElement field in model.Follow(fields, "fields"))
        {
            AddTelemetry(field, $"{name}.{field.Name}", field.Text("description"));
        }
    }

    private void AddProperty(DtdlElement property, string name)
    {
        DtdlLink schema = property.To("schema")[0];
        _properties.Add(new PropertyDefinition
        {
            Name = name,
            Type = TypeOf(schema),
            Unit = property.Text("unit"),
            Writable = property.Literals.GetValueOrDefault("writable") is true,
            Description = property.Text("description"),
        });
    }

    /// <summary>The type of a value of a schema; none where it takes more than one value.</summary>
    private TelemetryType TypeOf(DtdlLink schema) => schema.Term switch
    {
        "double" or "float" or "integer" or "long" => TelemetryType.Number,
        "boolean" => TelemetryType.Boolean,
        "string" or "date" or "dateTime" or "duration" or "time" => TelemetryType.Text,
        "point" => TelemetryType.Position,
        null when model.Follow(schema) is { Class: DtdlClass.Enum } values =>
            values.Text("valueSchema") == "integer" ? TelemetryType.Number : TelemetryType.Text,
        _ => TelemetryType.None,
    };

    private string NameOf(DtdlLink schema) => schema.Term ?? TypeReader.NounOf(model.Follow(schema)!.Class);
}
