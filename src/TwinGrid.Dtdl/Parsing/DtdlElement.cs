namespace TwinGrid.Dtdl.Parsing;

/// <summary>The classes of DTDL's metamodel that a model can have elements of.</summary>
internal enum DtdlClass : byte
{
    Interface,
    Telemetry,
    Property,
    Command,
    CommandPayload,
    CommandRequest,
    CommandResponse,
    Relationship,
    Component,
    Array,
    Enum,
    EnumValue,
    Field,
    Map,
    MapKey,
    MapValue,
    Object,
}

/// <summary>
/// What a member of an element leads to: an element written there, a reference to one by its DTMI, or a standard
/// schema by its term. Exactly one of the three is there.
/// </summary>
/// <param name="At">Where it stands.</param>
/// <param name="Element">The element that is written there.</param>
/// <param name="Reference">The DTMI of the element that it refers to.</param>
/// <param name="Term">A standard schema such as <c>double</c>.</param>
internal readonly record struct DtdlLink(JsonValue At, DtdlElement? Element, string? Reference, string? Term);

/// <summary>
/// An element of a DTDL model: an interface or a part of one, as it is written, with references not yet followed.
/// </summary>
internal sealed class DtdlElement
{
    /// <summary>What it is.</summary>
    public required DtdlClass Class { get; init; }

    /// <summary>The version of the language that it is written in: 2 or 3.</summary>
    public required int LanguageVersion { get; init; }

    /// <summary>Where it stands.</summary>
    public required JsonValue At { get; init; }

    /// <summary>The element around it; null for a top-level one.</summary>
    public DtdlElement? Parent { get; init; }

    /// <summary>Its <c>@id</c>, or null.</summary>
    public string? Id { get; set; }

    /// <summary>Its semantic type such as <c>Temperature</c>, or null.</summary>
    public string? SemanticType { get; set; }

    /// <summary>
    /// Its literals by the term of the member: <see cref="string"/>, <see cref="bool"/> or <see cref="int"/>.
    /// </summary>
    public Dictionary<string, object> Literals { get; } = new(StringComparer.Ordinal);

    /// <summary>What its members lead to, by the term of the member.</summary>
    public Dictionary<string, List<DtdlLink>> Links { get; } = new(StringComparer.Ordinal);

    /// <summary>Its name; empty where it has none.</summary>
    public string Name => Text("name") ?? "";

    /// <summary>
    /// The interface or top-level element that it belongs to: only inside one may a part refer to another
    /// (DTDL v3 specification, "Partitions and referenceability").
    /// </summary>
    public DtdlElement Partition => Class == DtdlClass.Interface || Parent is null ? this : Parent.Partition;

    /// <summary>A text or the default-language form of a localizable text, or null.</summary>
    public string? Text(string term) => Literals.GetValueOrDefault(term) as string;

    /// <summary>What a member leads to; nothing where it is absent.</summary>
    public IReadOnlyList<DtdlLink> To(string term) => Links.TryGetValue(term, out List<DtdlLink>? links) ? links : [];
}
