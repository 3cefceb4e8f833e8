using System.Text.RegularExpressions;
using TwinGrid.Dtdl.Validation;

namespace TwinGrid.Dtdl.Parsing;

/// <summary>
/// Reads the literals of DTDL elements: representational strings, integers and booleans, and localizable strings
/// (specification, "Representational literal" and "Localizable string").
/// </summary>
/// <param name="problems">Where problems are reported.</param>
internal sealed partial class DtdlLiterals(ProblemList problems)
{
    private const string DefaultLanguage = "en";

    /// <summary>Reads a literal member; null where it cannot be used, which is reported.</summary>
    public object? Read(JsonValue value, MemberRule rule, DtdlContext context) => rule.Form switch
    {
        MemberForm.LocalizedText => ReadLocalized(value, rule.Max, context.Version),
        MemberForm.Boolean => Unwrap(value, JsonKind.Boolean, "true or false", "boolean", context.Version)?.Boolean,
        MemberForm.Integer => ReadInteger(value, rule, context.Version),
        MemberForm.EnumValue => ReadEnumValue(value, context.Version),
        MemberForm.Name => ReadName(value, rule.Max, context.Version),
        MemberForm.Target => ReadTarget(value, context),
        MemberForm.Term => ReadTerm(value, rule, context),
        _ => ReadText(value, rule.Max, context.Version),
    };

    [GeneratedRegex("^[a-z]{2,4}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Language();

    private string? ReadText(JsonValue value, int max, int version)
    {
        JsonValue? text = Unwrap(value, JsonKind.Text, "a text", "string", version);
        CheckLength(text, max);
        return text?.Text;
    }

    private string? ReadName(JsonValue value, int max, int version)
    {
        if (Unwrap(value, JsonKind.Text, "a name", "string", version) is not { } text)
        {
            return null;
        }

        if (!DtdlNames.IsName(text.Text, max))
        {
            problems.Add(text, $"{text.Describe()} is no name: {DtdlNames.NameRule}, and has at most {max} characters");
        }

        return text.Text;
    }

    private int? ReadInteger(JsonValue value, MemberRule rule, int version)
    {
        JsonValue? number = Unwrap(value, JsonKind.Number, "a whole number", "integer", version);
        if (number is null)
        {
            return null;
        }

        if (number.Number % 1 != 0 || number.Number < rule.Min || number.Number > rule.Max)
        {
            string expected = rule.Min == rule.Max ? $"{rule.Min}" : $"a whole number from {rule.Min} to {rule.Max}";
            problems.Add(number, $"{number.Describe()} stands where {expected} was expected");
            return null;
        }

        return (int)number.Number;
    }

    private object? ReadEnumValue(JsonValue value, int version)
    {
        JsonValue item = Single(value);
        return (item.Find("@value") ?? item).Kind == JsonKind.Text
            ? ReadText(value, int.MaxValue, version)
            : ReadInteger(value, new MemberRule("enumValue", MemberForm.Integer) { Min = int.MinValue }, version);
    }

    private string? ReadTarget(JsonValue value, DtdlContext context)
    {
        JsonValue at = Single(value);
        if (at.Kind == JsonKind.Text && Dtmi.IsUser(at.Text, context.Version) && at.Text.Length <= Dtmi.MaxLength)
        {
            return at.Text;
        }

        problems.Add(at, $"{at.Describe()} stands where the id of an interface was expected, {Dtmi.Form}");
        return null;
    }

    private string? ReadTerm(JsonValue value, MemberRule rule, DtdlContext context)
    {
        JsonValue at = Single(value);
        foreach (string term in rule.Terms)
        {
            if (at.Kind == JsonKind.Text
                && (at.Text == term
                    || at.Text == $"dtmi:dtdl:instance:Schema:{term};{context.Version}"
                    || at.Text == $"dtmi:dtdl:instance:CommandType:{term};{context.Version}"))
            {
                return term;
            }
        }

        problems.Add(at, $"{at.Describe()} stands where {Words.List(rule.Terms)} was expected");
        return null;
    }

    /// <summary>The item of an array that has one, else the value itself.</summary>
    private static JsonValue Single(JsonValue value) =>
        value is { Kind: JsonKind.Array, Items.Count: 1 } ? value.Items[0] : value;

    private JsonValue? Unwrap(JsonValue value, JsonKind kind, string expected, string type, int version)
    {
        JsonValue item = Single(value);
        JsonValue literal = item.Find("@value") ?? item;
        if (literal.Kind == kind && item.Items.All(member => IsValueMember(member, type, version)))
        {
            return literal;
        }

        problems.Add(value, $"{value.Describe()} stands where {expected} was expected");
        return null;
    }

    private static bool IsValueMember(JsonValue member, string type, int version) => member.Name switch
    {
        "@value" => true,
        "@type" => Single(member).Text is var text
            && (text == $"xsd:{type}" || text == $"http://www.w3.org/2001/XMLSchema#{type}"),
        _ => IsHarmless(member.Name!, version),
    };

    private string? ReadLocalized(JsonValue value, int max, int version)
    {
        switch (value.Kind)
        {
            case JsonKind.Text:
                CheckLength(value, max);
                return value.Text;
            case JsonKind.Object:
                foreach (JsonValue member in value.Items)
                {
                    CheckLanguage(member, member.Name!);
                    CheckText(member, max);
                }

                return Preferred(value.Items.Select(static member => (member.Name!, member.Text)));
            case JsonKind.Array:
                return ReadLocalizedArray(value, max, version);
            default:
                problems.Add(value, $"{value.Describe()} stands where a text, or texts by language, was expected");
                return null;
        }
    }

    private string? ReadLocalizedArray(JsonValue array, int max, int version)
    {
        List<(string Language, string Text)> texts = [];
        foreach (JsonValue item in array.Items)
        {
            JsonValue text = item.Find("@value") ?? item;
            JsonValue? language = item.Find("@language");
            CheckText(text, max);
            if (item.Kind == JsonKind.Object && !item.Items.All(member => IsLanguageMember(member.Name!, version)))
            {
                problems.Add(item, "a localized text has the members '@value' and '@language' and no other");
            }

            if (language is not null)
            {
                CheckLanguage(language, language.Kind == JsonKind.Text ? language.Text : "");
            }

            string tag = language?.Text ?? DefaultLanguage;
            if (texts.Exists(other => other.Language == tag))
            {
                problems.Add(item, $"the language '{tag}' is there twice");
            }

            texts.Add((tag, text.Text));
        }

        return Preferred(texts);
    }

    private static bool IsLanguageMember(string name, int version) =>
        name is "@value" or "@language" || IsHarmless(name, version);

    /// <summary>True for the keywords that version 2 lets stand without a meaning.</summary>
    private static bool IsHarmless(string name, int version) =>
        version == 2 && name.StartsWith('@') && name is not ("@id" or "@context" or "@graph");

    private static string? Preferred(IEnumerable<(string Language, string Text)> texts)
    {
        (string Language, string Text)[] all = [.. texts];
        int english = Array.FindIndex(
            all, static text => text.Language.Split('-')[0].Equals(DefaultLanguage, StringComparison.Ordinal));
        return all.Length == 0 ? null : all[Math.Max(english, 0)].Text;
    }

    private void CheckLanguage(JsonValue at, string tag)
    {
        if (!Language().IsMatch(tag))
        {
            problems.Add(at, $"'{tag}' is no language: expected a tag such as en or en-US");
        }
    }

    private void CheckText(JsonValue text, int max)
    {
        if (text.Kind != JsonKind.Text)
        {
            problems.Add(text, $"{text.Describe()} stands where a text was expected");
        }

        CheckLength(text, max);
    }

    private void CheckLength(JsonValue? text, int max)
    {
        if (text?.Text.Length > max)
        {
            problems.Add(text, $"the text has {text.Text.Length} characters; at most {max} are allowed");
        }
    }
}
