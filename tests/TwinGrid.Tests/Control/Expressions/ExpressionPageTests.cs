using TwinGrid.Twins.Control.Expressions;

namespace TwinGrid.Tests.Control.Expressions;

/// <summary>The page that documents the language is evaluated line by line, so that it cannot be wrong.</summary>
public class ExpressionPageTests
{
    private static readonly string[] _page = File.ReadAllLines(Path.Combine(
        Repository(), "src", "TwinGrid.Twins", "Control", "EXPRESSIONS.md"));

    public static TheoryData<string, string, string> Examples => Table("## Examples");

    public static TheoryData<string, string, string> Sentences => Table("## In words");

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_of_the_page_gives_its_result(string expression, string values, string result)
    {
        Ternary truth = LiveTurbine.Compile(expression).Evaluate(LiveTurbine.With(values));

        Assert.Equal(Enum.Parse<Ternary>(result, ignoreCase: true), truth);
    }

    [Theory]
    [MemberData(nameof(Sentences))]
    public void Every_sentence_of_the_page_is_what_an_alarm_says(string expression, string values, string sentence) =>
        Assert.Equal(sentence, LiveTurbine.Compile(expression).Describe(LiveTurbine.With(values)));

    [Fact]
    public void The_page_lists_every_function_and_has_an_example_of_each()
    {
        string page = string.Join('\n', _page);
        foreach ((string name, string signature) in FunctionBinder.Signatures)
        {
            Assert.Contains($"| `{signature}` |", page);
            Assert.Contains(Examples, row => row.Data.Item1.Contains(name + "(", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_page_lists_no_function_that_does_not_exist()
    {
        IEnumerable<string> listed = Rows("## Functions").Select(row => row[0].Trim('`'));

        Assert.Equal(FunctionBinder.Signatures.Values.Order(), listed.Order());
    }

    [Fact]
    public void The_table_of_missing_values_is_the_truth_table_of_the_language()
    {
        Dictionary<string, string> values = new() { ["true"] = "doorOpen = true", ["false"] = "doorOpen = false" };
        List<string[]> rows = Rows("## When a value is missing");
        Assert.Equal(6, rows.Count);
        foreach (string[] row in rows)
        {
            string a = row[0] == "unknown" ? "windSpeed > 0" : row[0];
            LiveTurbine turbine = LiveTurbine.With(values.GetValueOrDefault(row[1], ""));
            Assert.Equal(row[2], Word(LiveTurbine.Compile($"{a} and doorOpen").Evaluate(turbine)));
            Assert.Equal(row[3], Word(LiveTurbine.Compile($"{a} or doorOpen").Evaluate(turbine)));
            Assert.Equal(row[4], Word(LiveTurbine.Compile($"not {a}").Evaluate(turbine)));
        }
    }

    [Fact]
    public void The_limits_on_the_page_are_those_of_the_grammar() =>
        Assert.Contains(
            _page,
            line => line.Contains($"at most {ExpressionGrammar.MaxLength:N0} characters", StringComparison.Ordinal)
                && line.Contains($"at most {ExpressionGrammar.MaxDepth} levels", StringComparison.Ordinal));

    private static string Word(Ternary truth) => truth.ToString().ToLowerInvariant();

    private static TheoryData<string, string, string> Table(string heading)
    {
        TheoryData<string, string, string> data = [];
        foreach (string[] row in Rows(heading))
        {
            data.Add(row[0].Trim('`'), row[1], row[2]);
        }

        return data;
    }

    private static List<string[]> Rows(string heading) =>
    [
        .. _page
            .SkipWhile(line => line != heading)
            .SkipWhile(line => !line.StartsWith("|---", StringComparison.Ordinal))
            .Skip(1)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line
                .Replace(@"\|", "\u0001", StringComparison.Ordinal)
                .Split('|')[1..^1]
                .Select(cell => cell.Replace('\u0001', '|').Trim())
                .ToArray()),
    ];

    private static string Repository()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "TwinGrid.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("no TwinGrid.sln above the tests");
    }
}
