using System.Text.RegularExpressions;
using TwinGrid.Tests.Tidy;

namespace TwinGrid.Tests.Models;

/// <summary>Each registered model says in its doc comment what one must know of it.</summary>
public sealed partial class ModelCommentTests
{
    private static readonly Dictionary<string, string> Comments = (
        from path in Repository.CSharp("src/TwinGrid.Models")
        let text = Repository.Read(path)
        from Match name in TypeName().Matches(text)
        select (Type: name.Groups[1].Value, Text: CommentBefore(text, name.Index)))
        .ToDictionary(model => model.Type, model => model.Text);

    public static TheoryData<string> Types => [.. RunningModel.TypeNames];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_model_names_its_formula_what_it_says_its_options_and_where_it_fails(string type) => Assert.All(
        new[] { "Formula:", "Says", "Options:", "Fails" },
        word => Assert.Contains(word, Comments[type], StringComparison.Ordinal));

    /// <summary>A year in brackets or behind a name is how papers are cited here.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void A_model_or_the_parts_that_it_is_made_of_cite_their_source(string type)
    {
        string folder = Repository.CSharp("src/TwinGrid.Models")
            .Single(path => Repository.Read(path).Contains($"TypeName = \"{type}\"", StringComparison.Ordinal));
        folder = folder[..folder.LastIndexOf('/')];
        Assert.Contains(Repository.CSharp(folder), path => Year().IsMatch(Repository.Read(path)));
    }

    private static string CommentBefore(string text, int end)
    {
        int type = text.LastIndexOf(" class ", end, StringComparison.Ordinal);
        int summary = text.LastIndexOf("/// <summary>", type, StringComparison.Ordinal);
        return text[summary..type];
    }

    [GeneratedRegex("const string TypeName = \"(\\w+)\"")]
    private static partial Regex TypeName();

    [GeneratedRegex("/// .*\\b(19|20)\\d\\d\\b")]
    private static partial Regex Year();
}
