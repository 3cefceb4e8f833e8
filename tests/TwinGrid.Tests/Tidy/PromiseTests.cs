using System.Text.RegularExpressions;

namespace TwinGrid.Tests.Tidy;

/// <summary>The page of promises names tests that exist.</summary>
public sealed partial class PromiseTests
{
    private static readonly HashSet<string> s_tests =
        [.. Repository.CSharp("tests").SelectMany(file => Test().Matches(Repository.Read(file)))
            .Select(match => match.Groups[1].Value)];

    private static string[] Promises =>
        [.. Repository.Read("tests/README.md").Split('\n').Where(line => Name().IsMatch(line) && line[0] == '|')];

    [Fact]
    public void Every_promise_has_tests_and_they_exist()
    {
        Assert.Equal(24, Promises.Length);
        Assert.Empty(Promises.SelectMany(line => Name().Matches(line)).Select(match => match.Groups[1].Value)
            .Except(s_tests));
    }

    [GeneratedRegex(@"\bpublic (?:async )?(?:Task|void) (\w+)\(")]
    private static partial Regex Test();

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+){2,})`")]
    private static partial Regex Name();
}
