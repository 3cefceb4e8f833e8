using System.Text.RegularExpressions;

namespace TwinGrid.Tests.Tidy;

/// <summary>Everything has a limit, each limit is a key, and each key has a test that sets it.</summary>
public sealed class LimitTests
{
    public static TheoryData<string> Keys => [.. typeof(LimitOptions).GetProperties().Select(key => key.Name)];

    [Theory]
    [MemberData(nameof(Keys))]
    public void Every_limit_has_a_test_that_sets_it(string key)
    {
        Regex sets = new($@"""TwinGrid:Limits:{key}""|\blimits\.{key} = |LimitOptions[^;]*\b{key} = ");
        Assert.Contains(Repository.CSharp("tests"), file => sets.IsMatch(Repository.Read(file)));
    }
}
