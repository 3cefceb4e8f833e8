namespace TwinGrid.Dtdl.Validation;

/// <summary>The rules of names: DTDL v3 reference, "name" of each class, and contracts section 2.</summary>
internal static class DtdlNames
{
    /// <summary>The longest name of DTDL v3.</summary>
    public const int MaxLength = 512;

    /// <summary>How many components a telemetry name may have, its own name included.</summary>
    public const int MaxComponents = 4;

    /// <summary>The rule of <see cref="IsName"/> as a sentence.</summary>
    public const string NameRule =
        "a name begins with a letter, goes on with letters, digits and underscores, and does not end in an underscore";

    /// <summary>The rule of <see cref="IsDotted"/> as a sentence.</summary>
    public const string DottedRule = NameRule + "; components are joined by dots, at most four";

    /// <summary>The rule of <see cref="IsCommand"/> as a sentence.</summary>
    public const string CommandRule = "a command's name begins with a letter and has at most 128 characters of "
        + "A-Z a-z 0-9 _ - . @ ~";

    /// <summary>True for a letter, then letters, digits and underscores, not ending in an underscore.</summary>
    public static bool IsName(ReadOnlySpan<char> text, int maxLength = MaxLength)
    {
        if (text.Length == 0 || text.Length > maxLength || !char.IsAsciiLetter(text[0]) || text[^1] == '_')
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True for one to four names joined by dots.</summary>
    public static bool IsDotted(string text)
    {
        string[] components = text.Split('.');
        return text.Length <= MaxLength
            && components.Length <= MaxComponents
            && components.All(static component => IsName(component));
    }

    /// <summary>True for what may stand as the last level of <c>commands/{name}</c>.</summary>
    public static bool IsCommand(string text) =>
        TwinId.IsSegment(text) && char.IsAsciiLetter(text[0]);
}
