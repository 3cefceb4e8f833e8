using System.Text.RegularExpressions;

namespace TwinGrid.Tests.Tidy;

/// <summary>
/// The README quotes code that is compiled: a block that follows <c>&lt;!-- region: name --&gt;</c> equals that region
/// of a C# file, and one that follows <c>&lt;!-- file: path --&gt;</c> equals that file.
/// </summary>
public sealed partial class ReadmeTests
{
    private static readonly string[] Quoting = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

    [Fact]
    public void A_block_of_code_equals_the_region_or_file_that_it_quotes()
    {
        Dictionary<string, string> regions = Regions();
        Assert.All(Blocks(), block => Assert.Equal(
            block.Source.StartsWith("file: ", StringComparison.Ordinal)
                ? Repository.Read(block.Source["file: ".Length..]).TrimEnd()
                : regions[block.Source["region: ".Length..]],
            block.Text.TrimEnd()));
    }

    [Fact]
    public void Every_block_of_CSharp_or_JSON_says_what_it_quotes() => Assert.Empty(
        from path in Quoting
        from Match match in CodeBlock().Matches(Repository.Read(path))
        where match.Groups["language"].Value is "csharp" or "json" && !match.Groups["source"].Success
        select $"{path}: {match.Groups["text"].Value.Split('\n')[0]}");

    [Fact]
    public void A_link_of_a_page_leads_to_a_file() => Assert.Empty(
        from path in Repository.Files
        where path.EndsWith(".md", StringComparison.Ordinal)
        from Match match in Link().Matches(Repository.Read(path))
        let target = match.Groups[1].Value.Split('#')[0]
        where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
        where !Path.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(path)!, target))
        select $"{path}: {target}");

    private static IEnumerable<(string Source, string Text)> Blocks() =>
        from path in Quoting
        from Match match in CodeBlock().Matches(Repository.Read(path))
        where match.Groups["source"].Success
        select (match.Groups["source"].Value, match.Groups["text"].Value);

    private static Dictionary<string, string> Regions() => (
        from path in Repository.CSharp("src", "samples")
        from Match match in Region().Matches(Repository.Read(path))
        select (Name: match.Groups["name"].Value, Text: WithoutIndent(match.Groups["text"].Value)))
        .ToDictionary(region => region.Name, region => region.Text);

    private static string WithoutIndent(string text)
    {
        string[] lines = text.TrimEnd().Split('\n');
        int indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length > 0 ? line[indent..] : line));
    }

    [GeneratedRegex(@"(?:<!-- (?<source>(?:region|file): \S+) -->\n)?^```(?<language>\w*)\n(?<text>.*?)^```$",
        RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^\s*#region (?<name>readme-\S+)\n(?<text>.*?)^\s*#endregion",
        RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Region();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
