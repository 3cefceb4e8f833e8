using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml;

namespace TwinGrid;

/// <summary>
/// A span of time as people write it in configuration and kind files: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>,
/// <c>400d</c>, or ISO 8601 such as <c>PT5M</c>. Never negative. Immutable, thread-safe.
/// </summary>
[TypeConverter(typeof(DurationConverter)), JsonConverter(typeof(DurationJsonConverter))]
[GenerateSerializer, Immutable, Alias("TwinGrid.Duration")]
public readonly record struct Duration([property: Id(0)] TimeSpan Value)
    : IParsable<Duration>, IComparable<Duration>
{
    /// <summary>The span in microseconds.</summary>
    public long Microseconds => UnixMicroseconds.From(Value);

    /// <summary>Takes a span of time.</summary>
    public static implicit operator Duration(TimeSpan value) => new(value);

    /// <summary>Gives the span of time.</summary>
    public static implicit operator TimeSpan(Duration value) => value.Value;

    /// <summary>The named form of the conversion from <see cref="TimeSpan"/>.</summary>
    public static Duration FromTimeSpan(TimeSpan value) => new(value);

    /// <summary>The named form of the conversion to <see cref="TimeSpan"/>.</summary>
    public TimeSpan ToTimeSpan() => Value;

    /// <inheritdoc/>
    /// <exception cref="FormatException">The text is not a duration; the message shows the form.</exception>
    public static Duration Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out Duration result)
            ? result
            : throw new FormatException($"'{s}' is not a duration: write 500ms, 30s, 5m, 1h, 400d or ISO 8601 (PT5M)");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Duration result)
    {
        result = default;
        if (string.IsNullOrEmpty(s))
        {
            return false;
        }

        if (s[0] == 'P')
        {
            return TryParseIso(s, out result);
        }

        int digits = 0;
        while (digits < s.Length && (char.IsAsciiDigit(s[digits]) || s[digits] == '.'))
        {
            digits++;
        }

        double? unit = s[digits..] switch
        {
            "ms" => 0.001,
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => null,
        };
        if (unit is null
            || !double.TryParse(s[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double n)
            || n * unit.Value > TimeSpan.MaxValue.TotalSeconds / 2)
        {
            return false;
        }

        result = new Duration(TimeSpan.FromSeconds(n * unit.Value));
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(Duration other) => Value.CompareTo(other.Value);

    /// <summary>The shortest of the forms that <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        long milliseconds = (long)Value.TotalMilliseconds;
        (long size, string unit) = milliseconds switch
        {
            0 => (1L, "s"),
            _ when milliseconds % 86_400_000 == 0 => (86_400_000L, "d"),
            _ when milliseconds % 3_600_000 == 0 => (3_600_000L, "h"),
            _ when milliseconds % 60_000 == 0 => (60_000L, "m"),
            _ when milliseconds % 1_000 == 0 => (1_000L, "s"),
            _ => (1L, "ms"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{milliseconds / size}{unit}");
    }

    /// <summary>Orders by length.</summary>
    public static bool operator <(Duration left, Duration right) => left.Value < right.Value;

    /// <summary>Orders by length.</summary>
    public static bool operator >(Duration left, Duration right) => left.Value > right.Value;

    /// <summary>Orders by length.</summary>
    public static bool operator <=(Duration left, Duration right) => left.Value <= right.Value;

    /// <summary>Orders by length.</summary>
    public static bool operator >=(Duration left, Duration right) => left.Value >= right.Value;

    private static bool TryParseIso(string text, out Duration result)
    {
        try
        {
            result = new Duration(XmlConvert.ToTimeSpan(text));
            return result.Value >= TimeSpan.Zero;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            result = default;
            return false;
        }
    }

    private sealed class DurationConverter : TypeConverter
    {
        public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) =>
            sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

        public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
            value is string text ? Parse(text) : base.ConvertFrom(context, culture, value);
    }

    internal sealed class DurationJsonConverter : JsonConverter<Duration>
    {
        public override Duration Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), null, out Duration value)
                ? value
                : throw new JsonException("expected a duration such as \"30s\", \"5m\", \"1h\", \"400d\" or \"PT5M\"");

        public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
