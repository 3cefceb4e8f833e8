using TwinGrid.Dtdl.Parsing;

namespace TwinGrid.Dtdl.Validation;

/// <summary>
/// The rules that hold between the elements of a model: specification, "Limits and exclusions", and uniqueness of
/// names; and that every reference leads somewhere, so that an incomplete model is refused.
/// </summary>
/// <param name="model">The whole model.</param>
/// <param name="problems">Where the problems of one document are reported.</param>
internal sealed class InterfaceRules(DtdlModel model, ProblemList problems)
{
    private const int MaxExtendsDepth = 10;
    private const int MaxExtends = 1024;
    private const int MaxElements = 100_000;
    private const int MaxSchemaDepth = 5;

    private static readonly string[] SchemaTerms = ["elementSchema", "schema", "fields", "mapValue"];

    private static readonly string[] CountedTerms =
        [.. SchemaTerms, "contents", "extends", "enumValues", "request", "response", "properties"];

    /// <summary>Judges an element and its parts.</summary>
    public void Check(DtdlElement element)
    {
        CheckReferences(element);
        CheckNumericSchema(element);
        switch (element.Class)
        {
            case DtdlClass.Interface:
                CheckInterface(element);
                break;
            case DtdlClass.Enum:
                CheckEnum(element);
                break;
            case DtdlClass.Object:
                CheckNames(element, "fields");
                CheckSchemaDepth(element);
                break;
            case DtdlClass.Array or DtdlClass.Map:
                CheckSchemaDepth(element);
                break;
            case DtdlClass.Relationship:
                CheckNames(element, "properties");
                break;
            case DtdlClass.Property when element.LanguageVersion == 2:
                CheckPropertyOfVersion2(element);
                break;
            case DtdlClass.Component:
                CheckComponent(element);
                break;
        }

        foreach (DtdlElement part in element.Links.Values.SelectMany(static links => links)
            .Select(static link => link.Element).OfType<DtdlElement>())
        {
            Check(part);
        }
    }

    private void CheckReferences(DtdlElement element)
    {
        IReadOnlyList<MemberRule> rules = Metamodel.MembersOf(element.Class, element.LanguageVersion);
        foreach ((string term, List<DtdlLink> links) in element.Links)
        {
            DtdlClass[] classes = rules.First(rule => rule.Term == term).Classes;
            foreach (DtdlLink link in links.Where(static link => link.Reference is not null))
            {
                if (model.Follow(link) is { } target)
                {
                    CheckTarget(element, link, target, classes);
                }
                else
                {
                    problems.Add(
                        link.At,
                        $"{link.Reference} is not in any file that was read: add its file"
                        + NearestName.Hint(link.Reference!, model.InterfaceIds));
                }
            }
        }
    }

    private void CheckTarget(DtdlElement element, DtdlLink link, DtdlElement target, DtdlClass[] classes)
    {
        if (!classes.Contains(target.Class))
        {
            problems.Add(
                link.At,
                $"{link.Reference} is {TypeReader.NounOf(target.Class)}: expected "
                + Words.List(classes.Select(TypeReader.NounOf)));
        }
        else if (target.LanguageVersion > element.LanguageVersion)
        {
            problems.Add(
                link.At,
                $"{link.Reference} is of DTDL version {target.LanguageVersion}: an element of version "
                + $"{element.LanguageVersion} cannot refer to it");
        }
        else if (target.Class != DtdlClass.Interface && target.Partition != element.Partition)
        {
            problems.Add(
                link.At,
                $"{link.Reference} belongs to another interface: only interfaces can be referred to from outside");
        }
    }

    private void CheckNumericSchema(DtdlElement element)
    {
        if (element.SemanticType is null || element.To("schema") is not [var schema])
        {
            return;
        }

        if (schema.Term is not ("double" or "float" or "integer" or "long"))
        {
            problems.Add(
                schema.At,
                $"the semantic type '{element.SemanticType}' needs a number: expected double, float, integer or long");
        }
    }

    private void CheckInterface(DtdlElement element)
    {
        if (Reachable(element).Contains(element))
        {
            problems.Add(element.At, $"the interface {element.Id} contains or extends itself");
            return;
        }

        if (IsDeeper(element, MaxExtendsDepth, static next => next.To("extends")))
        {
            problems.Add(element.At, $"'extends' is more than {MaxExtendsDepth} levels deep");
        }

        int extended = Ancestors(element).Sum(static ancestor => ancestor.To("extends").Count);
        if (element.LanguageVersion > 2 && extended > MaxExtends)
        {
            problems.Add(element.At, $"'extends' names {extended} interfaces in all; at most {MaxExtends} are allowed");
        }

        CheckContentNames(element);
        if (element.LanguageVersion > 2 && Reachable(element, CountedTerms).Count > MaxElements)
        {
            problems.Add(element.At, $"the interface has more than {MaxElements} elements");
        }
    }

    private void CheckContentNames(DtdlElement element)
    {
        Dictionary<string, DtdlElement> byName = new(StringComparer.Ordinal);
        foreach (DtdlElement owner in Ancestors(element).Distinct())
        {
            foreach (DtdlElement content in model.Follow(owner, "contents"))
            {
                if (content.Name.Length > 0 && !byName.TryAdd(content.Name, content) && byName[content.Name] != content)
                {
                    DtdlElement other = byName[content.Name];
                    problems.Add(
                        element.Partition == content.Partition ? content.At : element.At,
                        $"the name '{content.Name}' of {owner.Id} is taken by {Where(other)}");
                }
            }
        }
    }

    private static string Where(DtdlElement element) => $"{element.Partition.Id} ({element.At.Position()})";

    private void CheckNames(DtdlElement element, string term)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (DtdlElement part in model.Follow(element, term).Where(part => !names.Add(part.Name)))
        {
            problems.Add(part.At, $"the name '{part.Name}' is there twice in '{term}'");
        }
    }

    private void CheckEnum(DtdlElement element)
    {
        CheckNames(element, "enumValues");
        bool isText = element.Text("valueSchema") == "string";
        HashSet<object> values = [];
        foreach (DtdlElement value in model.Follow(element, "enumValues"))
        {
            if (value.Literals.GetValueOrDefault("enumValue") is not { } literal)
            {
                continue;
            }

            if (literal is string != isText)
            {
                problems.Add(
                    value.At, $"the value {literal} is not of the enum's schema, {element.Text("valueSchema")}");
            }

            if (!values.Add(literal))
            {
                problems.Add(value.At, $"the value {literal} is there twice");
            }
        }
    }

    private void CheckSchemaDepth(DtdlElement element)
    {
        if (IsDeeper(element, MaxSchemaDepth, InnerSchemas))
        {
            problems.Add(element.At, $"the schema is more than {MaxSchemaDepth} levels deep, or contains itself");
        }
    }

    private IEnumerable<DtdlLink> InnerSchemas(DtdlElement schema) => schema.Class switch
    {
        DtdlClass.Array => schema.To("elementSchema"),
        DtdlClass.Map => model.Follow(schema, "mapValue").SelectMany(static value => value.To("schema")),
        _ => model.Follow(schema, "fields").SelectMany(static field => field.To("schema")),
    };

    /// <summary>
    /// True when some path of steps is longer than a limit. It goes level by level over distinct elements, so that
    /// neither a cycle nor a lattice of references costs more than levels times elements.
    /// </summary>
    private bool IsDeeper(DtdlElement element, int limit, Func<DtdlElement, IEnumerable<DtdlLink>> step)
    {
        HashSet<DtdlElement> level = [element];
        for (int depth = 0; depth < limit && level.Count > 0; depth++)
        {
            level = [.. level.SelectMany(step).Select(model.Follow).OfType<DtdlElement>()];
        }

        return level.SelectMany(step).Any();
    }

    private void CheckPropertyOfVersion2(DtdlElement property)
    {
        foreach (DtdlElement element in Reachable(property, SchemaTerms).Prepend(property))
        {
            foreach (DtdlLink link in element.To("schema").Concat(element.To("elementSchema")))
            {
                if (model.Follow(link)?.Class == DtdlClass.Array || Metamodel.GeospatialSchemas.Contains(link.Term))
                {
                    problems.Add(link.At, "a Property of DTDL version 2 has no arrays and no geospatial schemas");
                }
            }
        }
    }

    private void CheckComponent(DtdlElement component)
    {
        foreach (DtdlElement schema in model.Follow(component, "schema"))
        {
            foreach (DtdlElement owner in Ancestors(schema))
            {
                if (model.Follow(owner, "contents").Any(static content => content.Class == DtdlClass.Component))
                {
                    problems.Add(component.At, $"the component '{component.Name}' has components of its own");
                    return;
                }
            }
        }
    }

    /// <summary>An interface and all that it extends, itself first; safe against cycles.</summary>
    private IEnumerable<DtdlElement> Ancestors(DtdlElement element) => Reachable(element, ["extends"]).Prepend(element);

    /// <summary>
    /// Every element that some path of the given members leads to; of all members where none are given.
    /// </summary>
    private HashSet<DtdlElement> Reachable(DtdlElement element, params string[] terms)
    {
        HashSet<DtdlElement> reached = [];
        Stack<DtdlElement> open = new([element]);
        while (open.TryPop(out DtdlElement? next))
        {
            IEnumerable<string> members = terms.Length == 0 ? next.Links.Keys : terms;
            foreach (DtdlElement part in members.SelectMany(term => model.Follow(next, term)))
            {
                if (reached.Add(part))
                {
                    open.Push(part);
                }
            }
        }

        return reached;
    }
}
