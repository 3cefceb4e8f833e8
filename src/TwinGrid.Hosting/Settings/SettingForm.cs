using System.Globalization;
using TwinGrid.Hosting.Security;

namespace TwinGrid.Hosting.Settings;

/// <summary>How the value of a key is written. Immutable, thread-safe.</summary>
/// <param name="Expected">What was expected, as the end of a sentence.</param>
/// <param name="Accepts">True for a value that can be used.</param>
internal sealed record SettingForm(string Expected, Func<string, bool> Accepts)
{
    public static SettingForm Text { get; } = new("a text", static value => value.Length != 0);

    public static SettingForm Flag { get; } = new("true or false", static value => bool.TryParse(value, out _));

    public static SettingForm Duration { get; } = new(
        "a duration such as 500ms, 30s, 5m, 1h, 400d or PT5M",
        static value => TwinGrid.Duration.TryParse(value, null, out _));

    public static SettingForm Time { get; } = new(
        "a duration longer than 0 such as 1h or 400d",
        static value => TwinGrid.Duration.TryParse(value, null, out Duration time) && time.Value > TimeSpan.Zero);

    public static SettingForm Address { get; } = new(
        "an IP address such as 127.0.0.1, or 0.0.0.0 for every one of this machine",
        static value => GridListener.TryParse(value, out _));

    /// <summary>One level of a topic or a name: no slash, no wildcard, nothing that needs an escape.</summary>
    public static SettingForm Name { get; } = new(
        $"a name: {TwinId.SegmentRule}", static value => TwinId.IsSegment(value));

    public static SettingForm Whole(long from, long to) => new(
        string.Create(CultureInfo.InvariantCulture, $"a whole number from {from} to {to}"),
        value => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            && number >= from && number <= to);

    public static SettingForm OneOf(params string[] words) => new(
        words.Length == 1 ? words[0] : $"one of {string.Join(", ", words)}",
        value => words.Contains(value, StringComparer.OrdinalIgnoreCase));

    /// <summary>A list of words with commas between them, at least one of those given and no other.</summary>
    public static SettingForm SomeOf(params string[] words) => new(
        $"some of {string.Join(",", words)} with commas between them",
        value => value.Split(',', StringSplitOptions.TrimEntries) is { Length: > 0 } given
            && Array.TrueForAll(given, word => words.Contains(word, StringComparer.OrdinalIgnoreCase)));
}
