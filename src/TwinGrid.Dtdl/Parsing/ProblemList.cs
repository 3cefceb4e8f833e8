namespace TwinGrid.Dtdl.Parsing;

/// <summary>
/// What is wrong in one file, so that its author reads all of it at once and not one problem per start.
/// </summary>
/// <param name="source">The name of the file in messages.</param>
internal sealed class ProblemList(string source)
{
    /// <summary>How many problems one message tells; more of one file come from one mistake.</summary>
    public const int MaxTold = 50;

    private readonly List<(int Offset, DefinitionException Problem)> _problems = [];

    /// <summary>The name of the file in messages.</summary>
    public string Source { get; } = source;

    /// <summary>True when nothing is wrong.</summary>
    public bool IsEmpty => _problems.Count == 0;

    /// <summary>Reports a problem of a value.</summary>
    public void Add(JsonValue at, string problem) =>
        _problems.Add((at.Start, new DefinitionException(at.File.Source, $"{at.Path()} ({at.Position()})", problem)));

    /// <summary>Reports a problem at a place in words.</summary>
    public void Add(string place, string problem) =>
        _problems.Add((0, new DefinitionException(Source, place, problem)));

    /// <summary>Each problem as a sentence, in the order of the file.</summary>
    public IEnumerable<string> Sentences() =>
        _problems.OrderBy(static entry => entry.Offset).Select(static entry => entry.Problem.Message);

    /// <summary>Throws when something is wrong.</summary>
    /// <exception cref="DefinitionException">One line for each problem.</exception>
    public void ThrowIfAny() => ThrowIfAny([this]);

    /// <summary>Throws when something is wrong in any of the files.</summary>
    /// <exception cref="DefinitionException">One line for each problem.</exception>
    public static void ThrowIfAny(IEnumerable<ProblemList> files)
    {
        List<string> sentences = [.. files.SelectMany(static file => file.Sentences()).Distinct()];
        if (sentences.Count == 0)
        {
            return;
        }

        string more = sentences.Count > MaxTold ? $"\nand {sentences.Count - MaxTold} more" : "";
        throw new DefinitionException(string.Join('\n', sentences.Take(MaxTold)) + more);
    }
}
