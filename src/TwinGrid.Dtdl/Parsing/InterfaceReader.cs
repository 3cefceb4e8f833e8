using TwinGrid.Dtdl.Validation;

namespace TwinGrid.Dtdl.Parsing;

/// <summary>
/// Reads a DTDL document into elements: each element by itself. What they refer to is the model's matter.
/// </summary>
/// <param name="problems">Where problems are reported.</param>
internal sealed class InterfaceReader(ProblemList problems)
{
    private readonly DtdlLiterals _literals = new(problems);
    private readonly TypeReader _types = new(problems);

    /// <summary>The most bytes of one interface in DTDL v3, interfaces inside it aside.</summary>
    public const int MaxInterfaceBytes = 1024 * 1024;

    /// <summary>Reads a document: an interface or an array of interfaces.</summary>
    public List<DtdlElement> Read(JsonValue root)
    {
        List<DtdlElement> interfaces = [];
        foreach (JsonValue value in root.Kind == JsonKind.Array ? root.Items : [root])
        {
            if (value.Kind != JsonKind.Object)
            {
                problems.Add(value, $"{value.Describe()} stands where a DTDL interface, an object, was expected");
            }
            else if (value.Find("@context") is null)
            {
                problems.Add(
                    value,
                    "a DTDL interface needs a member '@context': expected \"dtmi:dtdl:context;3\"; the name of a kind "
                    + "file ends in .twin.json");
            }
            else if (ReadElement(value, [DtdlClass.Interface], null, null) is { } element)
            {
                interfaces.Add(element);
            }
        }

        return interfaces;
    }

    private DtdlElement? ReadElement(JsonValue value, DtdlClass[] expected, DtdlElement? parent, DtdlContext? outer)
    {
        JsonValue? given = value.Find("@context");
        DtdlContext? context = given is null ? outer : DtdlContext.Read(given, outer, problems);
        if (context is null || _types.Read(value, expected, context) is not { } types)
        {
            return null;
        }

        if (outer is not null && context.Version != outer.Version && Metamodel.IsImplied(types.Class))
        {
            problems.Add(
                value,
                $"{TypeReader.NounOf(types.Class)} is of the same version of DTDL as the element around it: leave its "
                + "'@context' out");
        }

        DtdlElement element = new()
        {
            Class = types.Class,
            LanguageVersion = context.Version,
            At = value,
            Parent = parent,
            SemanticType = types.SemanticType,
        };
        element.Id = ReadId(element);
        ReadMembers(element, types, context);
        CheckSize(element);
        return element;
    }

    private string? ReadId(DtdlElement element)
    {
        JsonValue? id = element.At.Find("@id");
        bool isInterface = element.Class == DtdlClass.Interface;
        if (id is null)
        {
            if (isInterface || (element.Parent is { Class: DtdlClass.Interface } && IsSchema(element.Class)))
            {
                problems.Add(element.At, $"{TypeReader.NounOf(element.Class)} here needs a member '@id', {Dtmi.Form}");
            }

            return null;
        }

        int max = isInterface ? Dtmi.MaxInterfaceLength : Dtmi.MaxLength;
        if (id.Kind != JsonKind.Text || !Dtmi.IsUser(id.Text, element.LanguageVersion) || id.Text.Length > max)
        {
            problems.Add(id, $"{id.Describe()} is no id: expected {Dtmi.Form}, of at most {max} characters");
            return null;
        }

        return id.Text;
    }

    private static bool IsSchema(DtdlClass type) =>
        type is DtdlClass.Array or DtdlClass.Enum or DtdlClass.Map or DtdlClass.Object;

    private void ReadMembers(DtdlElement element, ElementTypes types, DtdlContext context)
    {
        IReadOnlyList<MemberRule> rules = Metamodel.MembersOf(element.Class, context.Version);
        if (types.Units is not null)
        {
            rules = [.. rules, new MemberRule("unit", MemberForm.Unit) { Required = true, Terms = [.. types.Units] }];
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (JsonValue member in element.At.Items.Where(static m => m.Name is not ("@context" or "@id" or "@type")))
        {
            MemberRule? rule = rules.FirstOrDefault(
                rule => member.Name == rule.Term || member.Name == Metamodel.MemberId(rule.Term, context.Version));
            if (rule is null)
            {
                CheckUnknown(element, member, rules, types, context);
            }
            else if (!seen.Add(rule.Term))
            {
                problems.Add(member, $"'{rule.Term}' is there twice, by its term and by its DTMI");
            }
            else
            {
                ReadMember(element, member, rule, context);
            }
        }

        foreach (MemberRule rule in rules.Where(rule => rule.Required && !seen.Contains(rule.Term)))
        {
            problems.Add(element.At, $"{TypeReader.NounOf(element.Class)} needs a member '{rule.Term}'");
        }
    }

    private void ReadMember(DtdlElement element, JsonValue member, MemberRule rule, DtdlContext context)
    {
        if (rule.Form is MemberForm.Element or MemberForm.Elements or MemberForm.Schema)
        {
            element.Links[rule.Term] = ReadLinks(element, member, rule, context);
        }
        else if (member is { Kind: JsonKind.Array, Items.Count: 0 })
        {
            if (rule.Required)
            {
                problems.Add(member, $"'{rule.Term}' is empty");
            }
        }
        else if (rule.Form == MemberForm.Unit)
        {
            ReadUnit(element, member, rule.Terms, context);
        }
        else if (_literals.Read(member, rule, context) is { } literal)
        {
            element.Literals[rule.Term] = literal;
        }
    }

    private List<DtdlLink> ReadLinks(DtdlElement element, JsonValue member, MemberRule rule, DtdlContext context)
    {
        IReadOnlyList<JsonValue> values = member.Kind == JsonKind.Array ? member.Items : [member];
        bool single = rule.Form != MemberForm.Elements;
        int min = single && rule.Required ? 1 : rule.Min;
        int max = single ? 1 : rule.Max;
        if (values.Count < min || values.Count > max)
        {
            problems.Add(member, $"'{rule.Term}' has {values.Count} elements; expected {Range(min, max)}");
        }

        List<DtdlLink> links = [];
        foreach (JsonValue value in values)
        {
            string? term = rule.Form == MemberForm.Schema && value.Kind == JsonKind.Text
                ? Metamodel.FindSchema(value.Text, context.Version)
                : null;
            if (term is not null)
            {
                links.Add(new DtdlLink(value, null, null, term));
            }
            else if (value.Kind == JsonKind.Text)
            {
                AddReference(links, value, rule, context);
            }
            else if (value.Kind != JsonKind.Object)
            {
                problems.Add(value, $"{value.Describe()} stands where {Expected(rule)} was expected");
            }
            else if (ReadElement(value, rule.Classes, element, context) is { } child)
            {
                links.Add(new DtdlLink(value, child, null, null));
            }
        }

        return links;
    }

    private void AddReference(List<DtdlLink> links, JsonValue value, MemberRule rule, DtdlContext context)
    {
        if (Dtmi.IsUser(value.Text, context.Version) && value.Text.Length <= Dtmi.MaxLength)
        {
            links.Add(new DtdlLink(value, null, value.Text, null));
            return;
        }

        IEnumerable<string> terms = rule.Form == MemberForm.Schema
            ? Metamodel.PrimitiveSchemas.Concat(Metamodel.GeospatialSchemas)
            : [];
        problems.Add(
            value,
            $"{value.Describe()} stands where {Expected(rule)} was expected{NearestName.Hint(value.Text, terms)}");
    }

    private static string Expected(MemberRule rule)
    {
        string classes = Words.List(rule.Classes.Select(TypeReader.NounOf));
        string standard = string.Join(", ", Metamodel.PrimitiveSchemas.Concat(Metamodel.GeospatialSchemas));
        return rule.Form == MemberForm.Schema ? $"{standard}, {classes} or its DTMI" : $"{classes} or its DTMI";
    }

    private static string Range(int min, int max) => (min, max) switch
    {
        (1, 1) => "one",
        (0, 1) => "at most one",
        (0, _) => $"at most {max}",
        (_, int.MaxValue) => $"at least {min}",
        _ => $"{min} to {max}",
    };

    private void ReadUnit(DtdlElement element, JsonValue member, string[] units, DtdlContext context)
    {
        JsonValue at = member is { Kind: JsonKind.Array, Items.Count: 1 } ? member.Items[0] : member;
        string unit = SemanticTypes.UnitName(at.Text, context.Version);
        if (at.Kind != JsonKind.Text || !units.Contains(unit))
        {
            problems.Add(
                at,
                $"{at.Describe()} is no unit of {element.SemanticType}: expected {Words.List(units)}"
                + NearestName.Hint(at.Text, units));
            return;
        }

        element.Literals["unit"] = unit;
    }

    private void CheckUnknown(
        DtdlElement element, JsonValue member, IReadOnlyList<MemberRule> rules, ElementTypes types, DtdlContext context)
    {
        string name = member.Name!;
        bool harmless = name.StartsWith('@') ? name != "@graph" : types.IsInformal;
        if (context.Version == 2 && harmless)
        {
            // Version 2 lets them stand and gives them no meaning ("informally co-typed").
            return;
        }

        IEnumerable<string> known = rules.Select(static rule => rule.Term).Order(StringComparer.Ordinal);
        string why = name == "unit"
            ? $"; a unit needs a semantic type such as \"Temperature\" in '@type'{TypeReader.QuantityHint(context)}"
            : NearestName.Hint(name, known);
        problems.Add(
            member, $"{TypeReader.NounOf(element.Class)} has no member '{name}': expected {Words.List(known)}{why}");
    }

    private void CheckSize(DtdlElement element)
    {
        if (element.Class != DtdlClass.Interface || element.LanguageVersion < 3)
        {
            return;
        }

        int bytes = element.At.End - element.At.Start - Inner(element).Sum(static e => e.At.End - e.At.Start);
        if (bytes > MaxInterfaceBytes)
        {
            problems.Add(element.At, $"the interface has {bytes} bytes; at most {MaxInterfaceBytes} are allowed");
        }
    }

    /// <summary>The nearest interfaces that are written inside an element.</summary>
    private static IEnumerable<DtdlElement> Inner(DtdlElement element) =>
        element.Links.Values
            .SelectMany(static links => links)
            .Select(static link => link.Element)
            .OfType<DtdlElement>()
            .SelectMany(static child => child.Class == DtdlClass.Interface ? [child] : Inner(child));
}
