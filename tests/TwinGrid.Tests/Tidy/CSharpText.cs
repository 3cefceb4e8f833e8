using System.Text;

namespace TwinGrid.Tests.Tidy;

/// <summary>
/// Reads C# just well enough to measure it: a scanner of comments, texts and braces. No compiler, because a package of
/// 10 MB is too much for counting lines; a file that fools it shows up as a wrong length, which a person sees.
/// </summary>
internal static class CSharpText
{
    /// <summary>The text with comments, strings and characters blanked; every line stays where it is.</summary>
    public static string WithoutTexts(string source)
    {
        StringBuilder code = new(source.Length);
        int at = 0;
        while (at < source.Length)
        {
            int end = EndOfText(source, at);
            if (end == at)
            {
                code.Append(source[at]);
                at++;
                continue;
            }

            foreach (char c in source.AsSpan(at, end - at))
            {
                code.Append(c == '\n' ? '\n' : ' ');
            }

            at = end;
        }

        return code.ToString();
    }

    // Where the comment, string or character that begins here ends; here itself where none begins.
    private static int EndOfText(string source, int at)
    {
        ReadOnlySpan<char> rest = source.AsSpan(at);
        if (rest.StartsWith("//") || (rest[0] == '#' && IsFirstOnLine(source, at)))
        {
            int newline = source.IndexOf('\n', at);
            return newline < 0 ? source.Length : newline;
        }

        if (rest.StartsWith("/*"))
        {
            return source.IndexOf("*/", at + 2, StringComparison.Ordinal) + 2;
        }

        if (rest[0] == '\'')
        {
            return EndOfQuoted(source, at + 1, '\'', 0);
        }

        int prefix = at;
        while (prefix < source.Length && source[prefix] is '$' or '@')
        {
            prefix++;
        }

        return prefix < source.Length && source[prefix] == '"'
            ? EndOfString(source, prefix, source[at..prefix])
            : at;
    }

    private static int EndOfString(string source, int quote, string prefix)
    {
        int quotes = quote;
        while (quotes < source.Length && source[quotes] == '"')
        {
            quotes++;
        }

        int count = quotes - quote;
        if (prefix.Contains('@', StringComparison.Ordinal))
        {
            return EndOfVerbatim(source, quote + 1);
        }

        return count >= 3
            ? source.IndexOf(new string('"', count), quotes, StringComparison.Ordinal) + count
            : EndOfQuoted(source, quote + 1, '"', prefix.Length);
    }

    private static int EndOfVerbatim(string source, int at)
    {
        while (source[at] != '"' || (at + 1 < source.Length && source[at + 1] == '"'))
        {
            at += source[at] == '"' ? 2 : 1;
        }

        return at + 1;
    }

    private static int EndOfQuoted(string source, int at, char quote, int interpolation)
    {
        while (source[at] != quote)
        {
            if (source[at] == '\\')
            {
                at += 2;
            }
            else if (interpolation > 0 && source[at] == '{' && source[at + 1] != '{')
            {
                at = EndOfHole(source, at + 1);
            }
            else
            {
                at += interpolation > 0 && source.AsSpan(at).StartsWith("{{") ? 2 : 1;
            }
        }

        return at + 1;
    }

    // A hole of an interpolated string holds code, which may hold strings again.
    private static int EndOfHole(string source, int at)
    {
        int depth = 1;
        while (depth > 0)
        {
            int end = EndOfText(source, at);
            if (end > at)
            {
                at = end;
                continue;
            }

            depth += source[at] switch { '{' => 1, '}' => -1, _ => 0 };
            at++;
        }

        return at;
    }

    private static bool IsFirstOnLine(string source, int at)
    {
        int newline = at == 0 ? -1 : source.LastIndexOf('\n', at - 1);
        return source.AsSpan(newline + 1, at - newline - 1).IsWhiteSpace();
    }
}
