namespace TwinGrid.Dtdl.Validation;

/// <summary>
/// The grammar of digital twin model identifiers, <c>dtmi:com:example:Turbine;1</c> (DTDL v3 specification, "Digital
/// Twin Model Identifier"; v2 takes only a whole version and needs it).
/// </summary>
internal static class Dtmi
{
    /// <summary>The longest id of an interface.</summary>
    public const int MaxInterfaceLength = 128;

    /// <summary>The longest id of anything else.</summary>
    public const int MaxLength = 2048;

    /// <summary>The form, for error messages.</summary>
    public const string Form = "a DTMI such as dtmi:com:example:Turbine;1";

    private const string Scheme = "dtmi:";

    /// <summary>True when the text claims to be a DTMI.</summary>
    public static bool HasScheme(string text) => text.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>True for a DTMI that a model may define or refer to: no segment begins with an underscore.</summary>
    public static bool IsUser(string text, int languageVersion = 3) =>
        Parse(text, languageVersion, allowSystem: false) && !IsReserved(text);

    /// <summary>True for any DTMI, the language's own among them.</summary>
    public static bool IsValid(string text, int languageVersion = 3) => Parse(text, languageVersion, allowSystem: true);

    /// <summary>True for those that belong to the language.</summary>
    public static bool IsReserved(string text) =>
        text.StartsWith("dtmi:dtdl:", StringComparison.Ordinal)
        || text.StartsWith("dtmi:standard:", StringComparison.Ordinal);

    private static bool Parse(string text, int languageVersion, bool allowSystem)
    {
        if (!HasScheme(text) || text.Length > 4096)
        {
            return false;
        }

        int semicolon = text.IndexOf(';', StringComparison.Ordinal);
        string path = semicolon < 0 ? text[Scheme.Length..] : text[Scheme.Length..semicolon];
        bool versioned = semicolon < 0 ? languageVersion > 2 : IsVersion(text[(semicolon + 1)..], languageVersion);
        return versioned && path.Split(':').All(segment => IsSegment(segment, allowSystem));
    }

    private static bool IsVersion(string text, int languageVersion)
    {
        string[] parts = text.Split('.');
        return parts.Length <= (languageVersion > 2 ? 2 : 1)
            && IsVersionPart(parts[0], 9)
            && (parts.Length == 1 || IsVersionPart(parts[1], 6));
    }

    private static bool IsVersionPart(string text, int maxDigits) =>
        text.Length > 0 && text.Length <= maxDigits && text[0] != '0' && text.All(char.IsAsciiDigit);

    private static bool IsSegment(string text, bool allowSystem) =>
        DtdlNames.IsName(text, int.MaxValue)
        || (allowSystem
            && text.Length > 1
            && text[0] == '_'
            && text[^1] != '_'
            && text.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_'));
}
