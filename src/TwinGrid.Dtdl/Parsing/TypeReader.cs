using TwinGrid.Dtdl.Validation;

namespace TwinGrid.Dtdl.Parsing;

/// <summary>What the <c>@type</c> of an element says.</summary>
/// <param name="Class">Its class.</param>
/// <param name="SemanticType">Its semantic type, or null.</param>
/// <param name="Units">The units that its semantic type may have, or null.</param>
/// <param name="IsInformal">True where v2 lets it carry types, and so members, that mean nothing to DTDL.</param>
internal sealed record ElementTypes(
    DtdlClass Class, string? SemanticType, IReadOnlyList<string>? Units, bool IsInformal);

/// <summary>Reads the <c>@type</c> of elements.</summary>
/// <param name="problems">Where problems are reported.</param>
internal sealed class TypeReader(ProblemList problems)
{
    /// <summary>
    /// Words of the language that name no class and no member of any (specification, "Reserved strings").
    /// </summary>
    private static readonly string[] OtherReserved =
    [
        "AdjunctType", "Alias", "aliasFor", "asynchronous", "Boolean", "CommandType", "commandType", "ComplexSchema",
        "Content", "Date", "DateTime", "Double", "DtdlExtension", "Duration", "Entity", "exponent", "Float", "Integer",
        "languageMajorVersion", "LatentType", "Long", "metamodel", "model", "NamedEntity", "NamedLatentType",
        "NumericSchema", "PrimitiveSchema", "Schema", "SchemaField", "SemanticType", "SemanticUnit", "String", "symbol",
        "synchronous", "TemporalSchema", "Time", "Unit", "UnitAttribute",
    ];

    /// <summary>A class for a sentence: <c>an Interface</c>.</summary>
    public static string NounOf(DtdlClass type) =>
        type.ToString()[0] is 'A' or 'E' or 'I' or 'O' ? $"an {type}" : $"a {type}";

    /// <summary>How to have semantic types, where the context does not.</summary>
    public static string QuantityHint(DtdlContext context) =>
        context.HasQuantities ? "" : " and the context \"dtmi:dtdl:extension:quantitativeTypes;1\"";

    /// <summary>True for a word that belongs to the language.</summary>
    public static bool IsReserved(string word, int version) =>
        OtherReserved.Contains(word)
        || Enum.GetNames<DtdlClass>().Contains(word)
        || Metamodel.FindSchema(word, version) is not null
        || Enum.GetValues<DtdlClass>()
            .SelectMany(type => Metamodel.MembersOf(type, version))
            .Any(rule => rule.Term == word);

    /// <summary>
    /// Reads the types of an element; null where it has not one of the expected classes, which is reported.
    /// </summary>
    public ElementTypes? Read(JsonValue element, DtdlClass[] expected, DtdlContext context)
    {
        JsonValue? given = element.Find("@type");
        if (given is null && expected.Length == 1 && Metamodel.IsImplied(expected[0]))
        {
            return new ElementTypes(expected[0], null, null, IsInformal: false);
        }

        string wanted = Words.List(expected.Select(static type => $"\"{type}\""));
        if (given is null)
        {
            problems.Add(element, $"an element here needs a member '@type', {wanted}");
            return null;
        }

        IReadOnlyList<JsonValue> values = given.Kind == JsonKind.Array ? given.Items : [given];
        List<DtdlClass> classes = [];
        ElementTypes types = new(default, null, null, IsInformal: false);
        bool usable = true;
        foreach (JsonValue value in values)
        {
            DtdlClass? type = FindClass(value, context.Version);
            if (type is not null)
            {
                classes.Add(type.Value);
            }
            else
            {
                usable &= ReadOther(value, context, ref types);
            }
        }

        DtdlClass[] distinct = [.. classes.Distinct()];
        if (distinct.Length != 1 || !expected.Contains(distinct[0]))
        {
            problems.Add(given, $"the type {given.File.Raw(given)} stands where {wanted} was expected");
            return null;
        }

        return usable && CheckSemanticType(given, distinct[0], types) ? types with { Class = distinct[0] } : null;
    }

    private static DtdlClass? FindClass(JsonValue value, int version)
    {
        foreach (DtdlClass type in Enum.GetValues<DtdlClass>())
        {
            bool exists = version == 2
                ? type is not (DtdlClass.CommandRequest or DtdlClass.CommandResponse)
                : type is not DtdlClass.CommandPayload;
            if (exists
                && value.Kind == JsonKind.Text
                && (value.Text == type.ToString() || value.Text == Metamodel.ClassId(type, version)))
            {
                return type;
            }
        }

        return null;
    }

    private bool ReadOther(JsonValue value, DtdlContext context, ref ElementTypes types)
    {
        if (value.Kind != JsonKind.Text)
        {
            problems.Add(value, $"{value.Describe()} stands where the name of a type was expected");
            return false;
        }

        if (context.HasQuantities && SemanticTypes.Find(value.Text, context.Version, out string term) is { } units)
        {
            if (types.SemanticType is not null && types.SemanticType != term)
            {
                problems.Add(value, $"'{term}' is a second semantic type beside '{types.SemanticType}'");
                return false;
            }

            types = types with { SemanticType = term, Units = units };
            return true;
        }

        bool isDtmi = Dtmi.HasScheme(value.Text);
        if (context.Version == 2 && !isDtmi && !IsReserved(value.Text, context.Version))
        {
            types = types with { IsInformal = true };
            return true;
        }

        string hint = SemanticTypes.All(3).Contains(value.Text) && !context.HasQuantities
            ? $"; it needs{QuantityHint(context)[4..]}"
            : NearestName.Hint(value.Text, Enum.GetNames<DtdlClass>().Concat(SemanticTypes.All(context.Version)));
        problems.Add(value, $"'{value.Text}' is no type of DTDL version {context.Version}{hint}");
        return false;
    }

    private bool CheckSemanticType(JsonValue at, DtdlClass type, ElementTypes types)
    {
        if (types.SemanticType is null || SemanticTypes.Classes.Contains(type))
        {
            return true;
        }

        problems.Add(at, $"{NounOf(type)} cannot have the semantic type '{types.SemanticType}'");
        return false;
    }
}
