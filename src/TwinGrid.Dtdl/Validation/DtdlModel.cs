using TwinGrid.Dtdl.Parsing;

namespace TwinGrid.Dtdl.Validation;

/// <summary>
/// All elements of the documents that were read together, by id: follows references.
/// </summary>
internal sealed class DtdlModel
{
    private readonly Dictionary<string, DtdlElement> _byId = new(StringComparer.Ordinal);
    private readonly List<DtdlElement> _topLevel = [];

    /// <summary>A model without an element.</summary>
    public static DtdlModel Empty { get; } = new();

    /// <summary>Every element, outer ones before inner ones.</summary>
    public IEnumerable<DtdlElement> Elements => _topLevel.SelectMany(WithParts);

    /// <summary>The ids of all interfaces.</summary>
    public IEnumerable<string> InterfaceIds => Elements
        .Where(static element => element is { Class: DtdlClass.Interface, Id: not null })
        .Select(static element => element.Id!);

    /// <summary>Adds what one document has; an id that is taken is reported.</summary>
    public void Add(IEnumerable<DtdlElement> topLevel, ProblemList problems)
    {
        foreach (DtdlElement root in topLevel)
        {
            _topLevel.Add(root);
            foreach (DtdlElement element in WithParts(root).Where(static element => element.Id is not null))
            {
                if (!_byId.TryAdd(element.Id!, element))
                {
                    JsonValue other = _byId[element.Id!].At;
                    problems.Add(
                        element.At.Find("@id")!,
                        $"the id {element.Id} is taken by {other.File.Source}, {other.Position()}");
                }
            }
        }
    }

    /// <summary>The element of an id, or null.</summary>
    public DtdlElement? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>The element that a link leads to; null for a standard schema and for what is not there.</summary>
    public DtdlElement? Follow(DtdlLink link) =>
        link.Element ?? (link.Reference is null ? null : Find(link.Reference));

    /// <summary>The elements that a member leads to, those that are not there left out.</summary>
    public IEnumerable<DtdlElement> Follow(DtdlElement element, string term) =>
        element.To(term).Select(Follow).OfType<DtdlElement>();

    private static IEnumerable<DtdlElement> WithParts(DtdlElement element) =>
        element.Links.Values
            .SelectMany(static links => links)
            .Select(static link => link.Element)
            .OfType<DtdlElement>()
            .SelectMany(WithParts)
            .Prepend(element);
}
