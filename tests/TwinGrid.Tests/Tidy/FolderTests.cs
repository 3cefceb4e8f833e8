namespace TwinGrid.Tests.Tidy;

public sealed class FolderTests
{
    private static readonly string[] NamesThatSayNothing =
        ["Common", "Shared", "Core", "Utils", "Utilities", "Helpers", "Infrastructure", "Extensions", "Misc"];

    private static readonly IReadOnlySet<string> Folders = Repository.Files
        .SelectMany(path => path.Split('/').SkipLast(1))
        .ToHashSet(StringComparer.Ordinal);

    [Fact]
    public void A_folder_is_named_for_an_idea() => Assert.Empty(Folders.Intersect(NamesThatSayNothing));

    [Fact]
    public void A_type_is_not_a_heap_of_helpers() => Assert.DoesNotContain(
        Repository.TypeNames,
        name => NamesThatSayNothing.Any(heap => name.EndsWith(heap.TrimEnd('s'), StringComparison.Ordinal)
            || (name.EndsWith(heap, StringComparison.Ordinal) && heap != "Extensions")));

    [Fact]
    public void No_folder_bears_the_name_of_a_type() => Assert.Empty(Folders.Intersect(Repository.TypeNames));

    [Fact]
    public void The_top_level_holds_what_readers_and_tools_need() => Assert.Empty(
        Repository.Files.Select(path => path.Split('/')[0]).Distinct().Except(
        [
            ".ci", ".editorconfig", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md",
            "Directory.Build.props", "Directory.Packages.props", "LICENSE", "README.md", "TwinGrid.sln", "benchmarks",
            "global.json", "samples", "src", "tests",
        ]));
}
