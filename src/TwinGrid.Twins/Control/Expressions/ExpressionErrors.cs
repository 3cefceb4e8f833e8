using System.Globalization;

namespace TwinGrid.Twins.Control.Expressions;

/// <summary>
/// Makes the errors of one expression: each names the file, the line and column in the file, the JSON path, what was
/// found and what was expected.
/// </summary>
/// <remarks>
/// A column is counted in characters of the expression, so one after an escape in the JSON text (<c>\"</c>) is too
/// small by the characters that the escape takes.
/// </remarks>
internal sealed class ExpressionErrors(TwinDefinition definition, PolicyExpression expression, string place)
{
    private const int LongestQuote = 32;

    /// <summary>The text of the expression.</summary>
    public string Text => expression.Text;

    /// <summary>An error at an offset of the text.</summary>
    public DefinitionException At(int offset, string problem) =>
        new(definition.Source ?? "code", $"{Position(offset)} ({place})", problem);

    /// <summary>The error for a text that breaks the grammar.</summary>
    public DefinitionException Unexpected(int offset, string expected)
    {
        while (offset < Text.Length && char.IsWhiteSpace(Text[offset]))
        {
            offset++;
        }

        return At(offset, $"found {Found(offset)}; expected {expected}{Hint(offset)}");
    }

    /// <summary>The part of the text between two offsets, shortened for a message.</summary>
    public string Quote(ExpressionSyntax syntax)
    {
        string text = Text[syntax.Start..syntax.End];
        return text.Length <= LongestQuote ? text : string.Concat(text.AsSpan(0, LongestQuote), "…");
    }

    private string Position(int offset) => expression.Line > 0
        ? string.Create(CultureInfo.InvariantCulture, $"line {expression.Line}, column {expression.Column + offset}")
        : string.Create(CultureInfo.InvariantCulture, $"expression column {offset + 1}");

    private string Found(int offset)
    {
        if (offset >= Text.Length)
        {
            return "the end";
        }

        char first = Text[offset];
        if (first is '\'' or '"')
        {
            return $"{first} of a text that is not closed, or has a wrong escape";
        }

        if (!char.IsAscii(first) || char.IsControl(first))
        {
            return string.Create(CultureInfo.InvariantCulture, $"the character U+{(int)first:X4}");
        }

        int end = offset;
        int longest = Math.Min(Text.Length, offset + LongestQuote);
        while (end < longest && (char.IsAsciiLetterOrDigit(Text[end]) || Text[end] == '_'))
        {
            end++;
        }

        return $"'{Text[offset..Math.Max(end, offset + 1)]}'";
    }

    private string Hint(int offset) => offset >= Text.Length ? "" : Text[offset] switch
    {
        '=' => ". Write == to compare",
        '&' => ". Write and",
        '|' => ". Write or",
        '^' => ". Write a * a for a power",
        _ => "",
    };
}
