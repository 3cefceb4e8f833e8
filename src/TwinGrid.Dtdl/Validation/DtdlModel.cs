using TwinGrid.Dtdl.Parsing;

namespace TwinGrid.Dtdl.Validation;

/// <summary>
/// All elements of the documents that were read together, by id: follows references.
/// </summary>
internal sealed class DtdlModel
{
    private readonly Dictionary<string, DtdlElement> _byId = new(StringComparer.Ordinal);

    /// <summary>The ids of all interfaces.</summary>
    public IEnumerable<string> InterfaceIds =>
        _byId.Where(static entry => entry.Value.Class == DtdlClass.Interface).Select(static entry => entry.Key);

    /// <summary>Adds what one document has; an id that is taken is reported.</summary>
    public void Add(IEnumerable<DtdlElement> topLevel, ProblemList problems)
    {
        foreach (DtdlElement root in topLevel)
        {
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
