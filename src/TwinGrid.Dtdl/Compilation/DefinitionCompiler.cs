using TwinGrid.Dtdl.Parsing;
using TwinGrid.Dtdl.Validation;

namespace TwinGrid.Dtdl.Compilation;

/// <summary>
/// Takes the files of one directory, interfaces before kinds, and gives their definitions or all of their problems.
/// </summary>
internal sealed class DefinitionCompiler
{
    private readonly DtdlModel _model = new();
    private readonly List<ProblemList> _files = [];
    private readonly List<(DtdlElement Element, ProblemList Problems)> _interfaces = [];
    private readonly List<TwinDefinition> _definitions = [];
    private readonly Dictionary<string, string> _topics = new(StringComparer.Ordinal);

    /// <summary>Reads a DTDL document.</summary>
    public void AddInterfaces(ReadOnlySpan<byte> bytes, string source)
    {
        ProblemList problems = Open(source);
        if (JsonTreeReader.Read(bytes, source, problems) is not { } root)
        {
            return;
        }

        List<DtdlElement> elements = new InterfaceReader(problems).Read(root);
        _model.Add(elements, problems);
        _interfaces.AddRange(elements.Select(element => (element, problems)));
    }

    /// <summary>Judges the interfaces together, once all of them are read.</summary>
    /// <exception cref="DefinitionException">One of them is wrong.</exception>
    public void CheckInterfaces()
    {
        // What lacks a required member has been reported; the rules below need elements that are whole.
        ProblemList.ThrowIfAny(_files);
        foreach ((DtdlElement element, ProblemList problems) in _interfaces)
        {
            new InterfaceRules(_model, problems).Check(element);
        }

        ProblemList.ThrowIfAny(_files);
    }

    /// <summary>Reads a kind file and writes its interface in.</summary>
    public void AddKind(ReadOnlySpan<byte> bytes, string source)
    {
        ProblemList problems = Open(source);
        if (JsonTreeReader.Read(bytes, source, problems) is not { } root)
        {
            return;
        }

        KindFile file = new KindFileReader(problems).Read(root);
        KindFileRules rules = new(problems);
        rules.CheckFile(file);
        InterfaceContents? contents = ContentsOf(file, problems);
        CheckTopics(file, problems);
        if (contents is null)
        {
            return;
        }

        TwinDefinition definition = new KindCompiler(problems).Compile(file, contents);
        rules.CheckDefinition(file, definition, contents);
        _definitions.Add(definition);
    }

    /// <summary>Gives the definitions in the order of the files.</summary>
    /// <exception cref="DefinitionException">A file is wrong.</exception>
    public IReadOnlyList<TwinDefinition> Finish()
    {
        ProblemList.ThrowIfAny(_files);
        return _definitions;
    }

    private ProblemList Open(string source)
    {
        ProblemList problems = new(source);
        _files.Add(problems);
        return problems;
    }

    private InterfaceContents? ContentsOf(KindFile file, ProblemList problems)
    {
        if (file.Root.Find("interface") is not { } at)
        {
            return InterfaceContents.None;
        }

        if (file.Interface is not { } id || !Dtmi.IsUser(id))
        {
            return null;
        }

        if (_model.Find(id) is { Class: DtdlClass.Interface } element)
        {
            return InterfaceCompiler.Compile(element, _model, problems);
        }

        problems.Add(
            at,
            $"the interface {id} is not among the {_model.InterfaceIds.Count()} that were read: add its file beside "
            + $"this one{NearestName.Hint(id, _model.InterfaceIds)}");
        return null;
    }

    private void CheckTopics(KindFile file, ProblemList problems)
    {
        foreach (Located<IngestMapping> mapping in file.Ingest)
        {
            string shape = IngestRules.ShapeOf(mapping.Value.Topic);
            string source = file.Root.File.Source;
            if (!_topics.TryAdd(shape, source) && _topics[shape] != source)
            {
                problems.Add(
                    mapping.At,
                    $"the topic '{mapping.Value.Topic}' matches the same messages as a topic of {_topics[shape]}");
            }
        }
    }
}
