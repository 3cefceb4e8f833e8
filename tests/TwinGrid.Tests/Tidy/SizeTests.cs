using System.Globalization;

namespace TwinGrid.Tests.Tidy;

public sealed class SizeTests
{
    private const int MostLinesOfAFile = 400;
    private const int MostLinesOfAMethod = 70;
    private const int MostColumns = 120;

    [Fact]
    public void A_file_has_at_most_400_lines() => Assert.Empty(
        Repository.CSharp()
            .Select(path => (path, Lines: Repository.Read(path).AsSpan().Count('\n')))
            .Where(file => file.Lines > MostLinesOfAFile)
            .Select(file => $"{file.path}: {file.Lines} lines"));

    [Fact]
    public void A_method_fits_a_screen_of_70_lines() => Assert.Empty(
        from path in Repository.CSharp()
        from member in CSharpMembers.Of(Repository.ReadCode(path))
        where member.Lines > MostLinesOfAMethod
        select $"{path}({member.Line}): {member.Lines} lines: {member.Header}");

    [Fact]
    public void A_line_has_at_most_120_columns() => Assert.Empty(
        from path in Repository.CSharp()
        from line in Repository.Read(path).Split('\n').Index()
        where new StringInfo(line.Item).LengthInTextElements > MostColumns
        select $"{path}({line.Index + 1}): {line.Item.Length} columns");

    [Fact]
    public void The_scanner_sees_methods_through_texts_and_braces()
    {
        const string Source =
            """"
            namespace A;
            [Alias("x(")]
            public sealed class B<T> where T : class
            {
                private readonly string _a = $"{(true ? "}" : "{")}", _b = @"""{", _c = """{""";
                public int C { get; } = F(new() { });
                // void Comment() {
                public B()
                {
                    char c = '{';
                    if (c == '}') { }
                }

                public T D(int a = 1) where T : class =>
                    null!;

                public void E(int a = 1)
                {
                }
            }
            """";

        IReadOnlyList<CSharpMember> members = CSharpMembers.Of(CSharpText.WithoutTexts(Source));

        Assert.Equal([(8, 5), (14, 2), (17, 3)], members.Select(member => (member.Line, member.Lines)));
    }
}
