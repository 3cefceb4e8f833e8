using System.Text.Json;

namespace TwinGrid.Dtdl.Parsing;

/// <summary>
/// Reads the members of one object by type; whatever is not as expected is reported and read as absent.
/// </summary>
internal readonly struct MemberReader
{
    private readonly ProblemList _problems;

    private MemberReader(JsonValue value, ProblemList problems)
    {
        Value = value;
        _problems = problems;
    }

    /// <summary>The object.</summary>
    public JsonValue Value { get; }

    /// <summary>Takes an object; reports what it lacks and what does not belong there.</summary>
    /// <returns>False, reported, where the value is no object.</returns>
    public static bool TryOpen(JsonValue value, ObjectShape shape, ProblemList problems, out MemberReader members)
    {
        members = new MemberReader(value, problems);
        if (value.Kind != JsonKind.Object)
        {
            problems.Add(value, $"{value.Describe()} stands where {shape.Noun}, an object, was expected");
            return false;
        }

        foreach (JsonValue member in value.Items)
        {
            if (!shape.Members.Contains(member.Name))
            {
                string hint = NearestName.Hint(member.Name!, shape.Members);
                problems.Add(
                    member,
                    $"{shape.Noun} has no member '{member.Name}': expected {Words.List(shape.Members)}{hint}");
            }
        }

        foreach (string name in shape.Required.Where(name => value.Find(name) is null))
        {
            problems.Add(value, $"{shape.Noun} needs a member '{name}'");
        }

        return true;
    }

    /// <summary>A member as it is, or null.</summary>
    public JsonValue? At(string name) => Value.Find(name);

    /// <summary>A text that is not empty, or null.</summary>
    public string? Text(string name, string expected = "a text")
    {
        JsonValue? member = At(name);
        if (member is null or { Kind: JsonKind.Text, Text.Length: > 0 })
        {
            return member?.Text;
        }

        Wrong(member, member.Kind == JsonKind.Text ? $"{expected} that is not empty" : expected);
        return null;
    }

    /// <summary>A text of any length, or null.</summary>
    public string? Prose(string name) => Is(name, JsonKind.Text, "a text") is { } member ? member.Text : null;

    /// <summary>A finite number, or null.</summary>
    public double? Number(string name)
    {
        JsonValue? member = Is(name, JsonKind.Number, "a number");
        if (member is not null && !double.IsFinite(member.Number))
        {
            Wrong(member, "a number that a double can hold");
            return null;
        }

        return member?.Number;
    }

    /// <summary>A whole number from 1, or null.</summary>
    public int? Count(string name)
    {
        JsonValue? member = Is(name, JsonKind.Number, "a whole number");
        if (member is not null && (member.Number is < 1 or > int.MaxValue || member.Number % 1 != 0))
        {
            Wrong(member, $"a whole number from 1 to {int.MaxValue}");
            return null;
        }

        return (int?)member?.Number;
    }

    /// <summary>A boolean, or null.</summary>
    public bool? Boolean(string name) => Is(name, JsonKind.Boolean, "true or false")?.Boolean;

    /// <summary>A duration in whole milliseconds, or null.</summary>
    public Duration? Duration(string name, bool mayBeZero)
    {
        const string Form = "a duration such as \"500ms\", \"30s\", \"5m\", \"1h\", \"400d\" or \"PT5M\"";
        JsonValue? member = Is(name, JsonKind.Text, Form);
        if (member is null)
        {
            return null;
        }

        if (!TwinGrid.Duration.TryParse(member.Text, null, out Duration duration))
        {
            Wrong(member, Form);
            return null;
        }

        if (duration.Value.Ticks % TimeSpan.TicksPerMillisecond != 0 || (!mayBeZero && duration == default))
        {
            Wrong(member, mayBeZero ? "a duration of whole milliseconds" : "a duration of at least 1ms in whole ones");
            return null;
        }

        return duration;
    }

    /// <summary>One of a few words, or null.</summary>
    public T? Word<T>(string name, IReadOnlyDictionary<string, T> words)
        where T : struct
    {
        string expected = $"one of {Words.List(words.Keys)}";
        JsonValue? member = Is(name, JsonKind.Text, expected);
        if (member is null)
        {
            return null;
        }

        if (words.TryGetValue(member.Text, out T word))
        {
            return word;
        }

        Wrong(member, expected, NearestName.Hint(member.Text, words.Keys));
        return null;
    }

    /// <summary>An object to carry on unread, or an undefined element.</summary>
    public JsonElement Options(string name)
    {
        if (Is(name, JsonKind.Object, "an object") is not { } member)
        {
            return default;
        }

        using JsonDocument document = JsonDocument.Parse(member.File.Raw(member));
        return document.RootElement.Clone();
    }

    /// <summary>The items of an array; none where it is absent.</summary>
    public IReadOnlyList<JsonValue> Items(string name) => Is(name, JsonKind.Array, "an array")?.Items ?? [];

    /// <summary>The members of an object that is keyed by names; none where it is absent.</summary>
    public IReadOnlyList<JsonValue> Entries(string name) =>
        Is(name, JsonKind.Object, "an object by name")?.Items ?? [];

    private JsonValue? Is(string name, JsonKind kind, string expected)
    {
        JsonValue? member = At(name);
        if (member is null || member.Kind == kind)
        {
            return member;
        }

        Wrong(member, expected);
        return null;
    }

    private void Wrong(JsonValue member, string expected, string hint = "") =>
        _problems.Add(member, $"{member.Describe()} stands where {expected} was expected{hint}");
}
