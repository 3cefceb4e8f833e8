using System.Text.RegularExpressions;

namespace TwinGrid.Tests.Tidy;

/// <summary>What must not stand in the tree.</summary>
public sealed partial class WordTests
{
    // Put together from parts, so that this file does not find itself.
    private static readonly string[] Unfinished =
        ["TO" + "DO", "FIX" + "ME", "HA" + "CK:", "NotImplemented" + "Exception", "X" + "XX "];

    private static readonly string[] Places =
    [
        "/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "C:" + "\\", "nuget" + ".org", "np" + "mjs",
    ];

    private static readonly string[] Binary = [".png", ".gif", ".ico", ".db"];

    [Fact]
    public void Nothing_is_left_unfinished() => Assert.Empty(
        from path in Repository.CSharp()
        from word in Unfinished
        where Repository.Read(path).Contains(word, StringComparison.Ordinal)
        select $"{path}: {word}");

    [Fact]
    public void No_exception_is_swallowed_without_a_word_of_why() => Assert.Empty(
        from path in Repository.CSharp("src", "samples")
        where EmptyCatch().IsMatch(Repository.Read(path))
        select path);

    [Fact]
    public void No_file_names_a_machine_or_a_feed() => Assert.Empty(
        from path in Repository.Files
        where !Binary.Contains(Path.GetExtension(path))
        from place in Places
        where Repository.Read(path).Contains(place, StringComparison.OrdinalIgnoreCase)
        select $"{path}: {place}");

    [Fact]
    public void Files_end_with_one_newline_and_no_line_with_a_space() => Assert.Empty(
        from path in Repository.CSharp()
        let text = Repository.Read(path)
        where !text.EndsWith('\n') || text.EndsWith("\n\n", StringComparison.Ordinal) || text.Contains(" \n")
        select path);

    [GeneratedRegex(@"\bcatch\s*(\([^)]*\))?\s*(when\s*\([^{]*\))?\s*\{\s*\}")]
    private static partial Regex EmptyCatch();
}
