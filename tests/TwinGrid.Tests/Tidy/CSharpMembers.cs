using System.Text.RegularExpressions;

namespace TwinGrid.Tests.Tidy;

/// <summary>A member of a type and the lines that it takes, from its first attribute to its last brace.</summary>
/// <param name="Header">What stands before its body.</param>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Lines">How many lines it takes.</param>
internal sealed record CSharpMember(string Header, int Line, int Lines);

/// <summary>Finds the members of types by their braces.</summary>
internal static partial class CSharpMembers
{
    /// <summary>The methods, constructors, operators and properties with a body in a file.</summary>
    /// <param name="code">Code without texts (<see cref="CSharpText.WithoutTexts"/>).</param>
    public static IReadOnlyList<CSharpMember> Of(string code)
    {
        List<CSharpMember> members = [];
        int at = 0;
        ReadTypes(code, ref at, members);
        return members;
    }

    // Reads what stands directly in a file, namespace or type, until its closing brace.
    private static void ReadTypes(string code, ref int at, List<CSharpMember> members)
    {
        int start = at;
        while (at < code.Length && code[at] != '}')
        {
            char c = code[at];
            at++;
            if (c == '{' && IsType(Header(code, start, at)))
            {
                ReadTypes(code, ref at, members);
                at++;
                start = at;
            }
            else if (c == '{')
            {
                SkipBlock(code, ref at);

                // What follows the block of `= new() { … }` or `{ get; } = …` belongs to the same member.
                if (!IsUnfinished(code, start, at))
                {
                    Add(code, start, at, members);
                    start = at;
                }
            }
            else if (c == ';')
            {
                Add(code, start, at, members);
                start = at;
            }
        }
    }

    private static void SkipBlock(string code, ref int at)
    {
        for (int depth = 1; depth > 0 && at < code.Length; at++)
        {
            depth += code[at] switch { '{' => 1, '}' => -1, _ => 0 };
        }
    }

    private static bool IsUnfinished(string code, int start, int at)
    {
        string header = Header(code, start, at);
        bool isExpression = header.EndsWith('=') && !header.Contains("operator", StringComparison.Ordinal);
        return isExpression || code.AsSpan(at).TrimStart().StartsWith("=");
    }

    private static void Add(string code, int start, int end, List<CSharpMember> members)
    {
        string header = Header(code, start, end);
        while (start < end && char.IsWhiteSpace(code[start]))
        {
            start++;
        }

        bool isMethod = MethodName().IsMatch(WithoutAttributes(header));
        if (start < end && isMethod)
        {
            int line = 1 + code.AsSpan(0, start).Count('\n');
            members.Add(new CSharpMember(header, line, 1 + code.AsSpan(start, end - start).Count('\n')));
        }
    }

    // What stands before the body: up to the first brace, arrow or assignment.
    private static string Header(string code, int start, int end)
    {
        string text = code[start..end];
        int body = 0;

        // The value of an optional parameter is no body: what stands in parentheses is passed over.
        for (int depth = 0; body < text.Length && (depth > 0 || text[body] is not ('{' or '=')); body++)
        {
            depth += text[body] switch { '(' => 1, ')' => -1, _ => 0 };
        }

        string header = text[..Math.Min(body + 1, text.Length)];
        return Spaces().Replace(header, " ").Trim();
    }

    private static bool IsType(string header) => TypeWord().IsMatch(Constraints().Replace(header, ""));

    private static string WithoutAttributes(string header) => Attribute().Replace(header, "");

    // A name before the parenthesis, which the type of a field of tuples has not.
    [GeneratedRegex(@"[\w>]\(")]
    private static partial Regex MethodName();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\bwhere\b.*")]
    private static partial Regex Constraints();

    [GeneratedRegex(@"^(?:\[.*?\] ?)+(?=[a-zA-Z(])")]
    private static partial Regex Attribute();

    [GeneratedRegex(@"(?:^|[ \]])(?:namespace|class|struct|interface|enum|record|extension)[ (]")]
    private static partial Regex TypeWord();
}
