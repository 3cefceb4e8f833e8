namespace TwinGrid.Dtdl.Parsing;

/// <summary>What sort of value a member of a DTDL element has.</summary>
internal enum MemberForm : byte
{
    /// <summary>A representational string of at most <see cref="MemberRule.Max"/> characters.</summary>
    Text,

    /// <summary>A localizable string of at most <see cref="MemberRule.Max"/> characters.</summary>
    LocalizedText,

    /// <summary>A programming name of at most <see cref="MemberRule.Max"/> characters.</summary>
    Name,

    /// <summary>A boolean.</summary>
    Boolean,

    /// <summary>A whole number from <see cref="MemberRule.Min"/> to <see cref="MemberRule.Max"/>.</summary>
    Integer,

    /// <summary>The value of an enum value: a whole number or a text.</summary>
    EnumValue,

    /// <summary>The DTMI of an interface that need not be there.</summary>
    Target,

    /// <summary>A term out of <see cref="MemberRule.Terms"/>.</summary>
    Term,

    /// <summary>A unit out of <see cref="MemberRule.Terms"/>.</summary>
    Unit,

    /// <summary>One element, by value or by reference.</summary>
    Element,

    /// <summary>From <see cref="MemberRule.Min"/> to <see cref="MemberRule.Max"/> elements.</summary>
    Elements,

    /// <summary>One schema: a standard one, or an element by value or by reference.</summary>
    Schema,
}

/// <summary>One member of a class of DTDL.</summary>
/// <param name="Term">Its name.</param>
/// <param name="Form">What sort of value it has.</param>
internal sealed record MemberRule(string Term, MemberForm Form)
{
    /// <summary>True when it must be there.</summary>
    public bool Required { get; init; }

    /// <summary>The least number or count.</summary>
    public int Min { get; init; }

    /// <summary>The greatest number, count or length.</summary>
    public int Max { get; init; } = int.MaxValue;

    /// <summary>The classes of its elements.</summary>
    public DtdlClass[] Classes { get; init; } = [];

    /// <summary>The terms that it may have.</summary>
    public string[] Terms { get; init; } = [];
}

/// <summary>
/// The classes of DTDL v2 and v3 and their members, as tables: normative text in DTDL.Specification.v2.md and
/// DTDL.Specification.v3.md, section "DTDL element".
/// </summary>
internal static class Metamodel
{
    private static readonly DtdlClass[] Complex =
        [DtdlClass.Array, DtdlClass.Enum, DtdlClass.Map, DtdlClass.Object];

    private static readonly DtdlClass[] Contents =
        [DtdlClass.Command, DtdlClass.Component, DtdlClass.Property, DtdlClass.Relationship, DtdlClass.Telemetry];

    private static readonly Dictionary<(DtdlClass Class, int Version), IReadOnlyList<MemberRule>> Rules =
        Enum.GetValues<DtdlClass>()
            .SelectMany(static type => new[] { (type, 2), (type, 3) })
            .ToDictionary(
                static key => key, static key => (IReadOnlyList<MemberRule>)[.. Describe(key.Item2), .. Own(key)]);

    /// <summary>The standard schemas that hold one value.</summary>
    public static IReadOnlyList<string> PrimitiveSchemas { get; } =
        ["boolean", "date", "dateTime", "double", "duration", "float", "integer", "long", "string", "time"];

    /// <summary>The standard schemas of GeoJSON geometries.</summary>
    public static IReadOnlyList<string> GeospatialSchemas { get; } =
        ["lineString", "multiLineString", "multiPoint", "multiPolygon", "point", "polygon"];

    /// <summary>The members of a class, those that every class has among them.</summary>
    public static IReadOnlyList<MemberRule> MembersOf(DtdlClass type, int version) => Rules[(type, version)];

    /// <summary>True for a class whose <c>@type</c> may be left out: its place says it.</summary>
    public static bool IsImplied(DtdlClass type) => type is DtdlClass.CommandPayload
        or DtdlClass.CommandRequest
        or DtdlClass.CommandResponse
        or DtdlClass.EnumValue
        or DtdlClass.Field
        or DtdlClass.MapKey
        or DtdlClass.MapValue;

    /// <summary>The DTMI of a class.</summary>
    public static string ClassId(DtdlClass type, int version) => $"dtmi:dtdl:class:{type};{version}";

    /// <summary>The DTMI of a member.</summary>
    public static string MemberId(string term, int version) =>
        term == "unit" && version > 2
            ? "dtmi:dtdl:extension:quantitativeTypes:v1:property:unit"
            : $"dtmi:dtdl:property:{term};{version}";

    /// <summary>The term of a standard schema that is written as a term or as its DTMI, or null.</summary>
    public static string? FindSchema(string text, int version)
    {
        foreach (string term in PrimitiveSchemas)
        {
            if (text == term || text == $"dtmi:dtdl:instance:Schema:{term};{version}")
            {
                return term;
            }
        }

        foreach (string term in GeospatialSchemas)
        {
            if (text == term || text == $"dtmi:standard:schema:geospatial:{term};{version}")
            {
                return term;
            }
        }

        return null;
    }

    private static MemberRule[] Describe(int version) =>
    [
        new("comment", MemberForm.Text) { Max = 512 },
        new("description", MemberForm.LocalizedText) { Max = 512 },
        new("displayName", MemberForm.LocalizedText) { Max = version == 2 ? 64 : 512 },
    ];

    private static MemberRule[] Own((DtdlClass Class, int Version) key)
    {
        bool v2 = key.Version == 2;
        MemberRule name = new("name", MemberForm.Name) { Required = true, Max = v2 ? 64 : 512 };
        MemberRule schema = new("schema", MemberForm.Schema) { Required = true, Classes = Complex };
        MemberRule writable = new("writable", MemberForm.Boolean);
        return key.Class switch
        {
            DtdlClass.Interface => InterfaceMembers(v2),
            DtdlClass.Property => [name, schema, writable],
            DtdlClass.Command => [name, .. CommandMembers(v2)],
            DtdlClass.Relationship => [name, writable, .. RelationshipMembers(v2)],
            DtdlClass.Component =>
                [name, new("schema", MemberForm.Element) { Required = true, Classes = [DtdlClass.Interface] }],
            DtdlClass.Array => [new("elementSchema", MemberForm.Schema) { Required = true, Classes = Complex }],
            DtdlClass.Enum => EnumMembers(v2),
            DtdlClass.EnumValue => [name, new("enumValue", MemberForm.EnumValue) { Required = true }],
            DtdlClass.Map => MapMembers(),
            DtdlClass.MapKey => [name, new("schema", MemberForm.Term) { Required = true, Terms = ["string"] }],
            DtdlClass.Object =>
            [
                new("fields", MemberForm.Elements)
                {
                    Required = v2, Classes = [DtdlClass.Field], Min = v2 ? 1 : 0, Max = v2 ? 30 : int.MaxValue,
                },
            ],
            _ => [name, schema],
        };
    }

    private static MemberRule[] InterfaceMembers(bool v2) =>
    [
        new("contents", MemberForm.Elements) { Classes = Contents, Max = v2 ? 300 : int.MaxValue },
        new("extends", MemberForm.Elements) { Classes = [DtdlClass.Interface], Max = v2 ? 2 : 1024 },
        new("schemas", MemberForm.Elements) { Classes = Complex },
    ];

    private static MemberRule[] CommandMembers(bool v2) =>
    [
        new("commandType", MemberForm.Term) { Terms = ["synchronous", "asynchronous"] },
        new("request", MemberForm.Element) { Classes = [v2 ? DtdlClass.CommandPayload : DtdlClass.CommandRequest] },
        new("response", MemberForm.Element) { Classes = [v2 ? DtdlClass.CommandPayload : DtdlClass.CommandResponse] },
    ];

    private static MemberRule[] RelationshipMembers(bool v2) =>
    [
        new("maxMultiplicity", MemberForm.Integer) { Min = 1, Max = v2 ? 500 : int.MaxValue },
        new("minMultiplicity", MemberForm.Integer) { Max = 0 },
        new("properties", MemberForm.Elements) { Classes = [DtdlClass.Property], Max = v2 ? 300 : int.MaxValue },
        new("target", MemberForm.Target),
    ];

    private static MemberRule[] EnumMembers(bool v2) =>
    [
        new("valueSchema", MemberForm.Term) { Required = true, Terms = ["integer", "string"] },
        new("enumValues", MemberForm.Elements)
        {
            Required = v2, Classes = [DtdlClass.EnumValue], Min = v2 ? 1 : 0, Max = v2 ? 100 : int.MaxValue,
        },
    ];

    private static MemberRule[] MapMembers() =>
    [
        new("mapKey", MemberForm.Element) { Required = true, Classes = [DtdlClass.MapKey] },
        new("mapValue", MemberForm.Element) { Required = true, Classes = [DtdlClass.MapValue] },
    ];
}
