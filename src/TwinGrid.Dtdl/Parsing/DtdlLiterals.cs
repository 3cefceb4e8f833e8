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
        MemberForm.LocalizedText => ReadLocalized(value, rule.Max),
        MemberForm.Boolean => Unwrap(value, JsonKind.Boolean, "true or false", "boolean")?.Boolean,
        MemberForm.Integer => ReadInteger(value, rule),
        MemberForm.EnumValue => ReadEnumValue(value),
        MemberForm.Name => ReadName(value, rule.Max),
        MemberForm.Target => ReadTarget(value, context),
        MemberForm.Term => ReadTerm(value, rule, context),
        _ => ReadText(value, rule.Max),
    };

    [GeneratedRegex("^[a-z]{2,4}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Language();

    private string? ReadText(JsonValue value, int max)
    {
        JsonValue? text = Unwrap(value, JsonKind.Text, "a text", "string");
        CheckLength(text, max);
        return text?.Text;
    }

    private string? ReadName(JsonValue value, int max)
    {
        if (Unwrap(value, JsonKind.Text, "a name", "string") is not { } text)
        {
            return null;
        }

        if (!DtdlNames.IsName(text.Text, max))
        {
            problems.Add(text, $"{text.Describe()} is no name: {DtdlNames.NameRule}, and has at most {max} characters");
        }

        return text.Text;
    }

    private int? ReadInteger(JsonValue value, MemberRule rule)
    {
        JsonValue? number = Unwrap(value, JsonKind.Number, "a whole number", "integer");
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

    private object? ReadEnumValue(JsonValue value)
    {
        JsonValue literal = Open(value);
        if (literal.Kind == JsonKind.Text)
        {
            return ReadText(value, int.MaxValue);
        }

        return ReadInteger(value, new MemberRule("enumValue", MemberForm.Integer) { Min = int.MinValue });
    }

    private string? ReadTarget(JsonValue value, DtdlContext context)
    {
        JsonValue at = value is { Kind: JsonKind.Array, Items.Count: 1 } ? value.Items[0] : value;
        if (at.Kind == JsonKind.Text && Dtmi.IsUser(at.Text, context.Version) && at.Text.Length <= Dtmi.MaxLength)
        {
            return at.Text;
        }

        problems.Add(at, $"{at.Describe()} stands where the id of an interface was expected, {Dtmi.Form}");
        return null;
    }

    private string? ReadTerm(JsonValue value, MemberRule rule, DtdlContext context)
    {
        JsonValue at = value is { Kind: JsonKind.Array, Items.Count: 1 } ? value.Items[0] : value;
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

    /// <summary>The literal inside a one-item array or a value object, without judging either.</summary>
    private static JsonValue Open(JsonValue value)
    {
        JsonValue item = value is { Kind: JsonKind.Array, Items.Count: 1 } ? value.Items[0] : value;
        return item.Find("@value") ?? item;
    }

    private JsonValue? Unwrap(JsonValue value, JsonKind kind, string expected, string type)
    {
        if (value is { Kind: JsonKind.Array, Items.Count: 0 })
        {
            return null;
        }

        JsonValue item = value is { Kind: JsonKind.Array, Items.Count: 1 } ? value.Items[0] : value;
        JsonValue literal = item.Find("@value") ?? item;
        bool typed = item.Kind != JsonKind.Object || item.Items.All(member => member.Name == "@value"
            || (member is { Name: "@type", Kind: JsonKind.Text }
                && (member.Text == $"xsd:{type}" || member.Text == $"http://www.w3.org/2001/XMLSchema#{type}")));
        if (typed && literal.Kind == kind)
        {
            return literal;
        }

        problems.Add(value, $"{value.Describe()} stands where {expected} was expected");
        return null;
    }

    private string? ReadLocalized(JsonValue value, int max)
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
                return ReadLocalizedArray(value, max);
            default:
                problems.Add(value, $"{value.Describe()} stands where a text, or texts by language, was expected");
                return null;
        }
    }

    private string? ReadLocalizedArray(JsonValue array, int max)
    {
        List<(string Language, string Text)> texts = [];
        foreach (JsonValue item in array.Items)
        {
            JsonValue text = item.Find("@value") ?? item;
            JsonValue? language = item.Find("@language");
            CheckText(text, max);
            if (item.Kind == JsonKind.Object && item.Items.Any(static m => m.Name is not ("@value" or "@language")))
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

    private static string? Preferred(IEnumerable<(string Language, string Text)> texts)
    {
        (string Language, string Text)[] all = [.. texts];
        return all.FirstOrDefault(static text => text.Language.StartsWith(DefaultLanguage, StringComparison.Ordinal)).Text
            ?? all.FirstOrDefault().Text;
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
