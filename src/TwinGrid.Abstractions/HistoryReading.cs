using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>What else is known of a reading that history keeps; contracts section 2.</summary>
[Flags]
public enum ReadingFlags : byte
{
    /// <summary>Nothing: it was the newest of its telemetry when it came.</summary>
    None = 0,

    /// <summary>A newer value of its telemetry was there already.</summary>
    Late = 1,

    /// <summary>It was older than the live window on arrival, or its device marked it as history.</summary>
    Historical = 2,

    /// <summary>Its time was over five minutes ahead of its arrival.</summary>
    Future = 4,

    /// <summary>Reserved: it is kept apart and not believed.</summary>
    Quarantined = 8,
}

/// <summary>
/// One reading as history keeps it; in JSON <c>[sourceTimeMs, value, quality, flags]</c>, where flags is a text of
/// words with a space between.
/// </summary>
/// <param name="Time">When it was measured, Unix microseconds.</param>
/// <param name="Value">The value in the telemetry's unit; none where the device said that there is no value.</param>
/// <param name="Quality">The device's word on it.</param>
/// <param name="Flags">What else is known of it.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.HistoryReading"), JsonConverter(typeof(HistoryReadingConverter))]
public readonly record struct HistoryReading(
    [property: Id(0)] long Time,
    [property: Id(1)] ReadingValue Value,
    [property: Id(2)] Quality Quality,
    [property: Id(3)] ReadingFlags Flags)
{
    /// <summary>When it was measured.</summary>
    public DateTimeOffset SourceTime => UnixMicroseconds.ToDateTimeOffset(Time);

    internal sealed class HistoryReadingConverter : JsonConverter<HistoryReading>
    {
        private static readonly (ReadingFlags Flag, string Word)[] s_words =
        [
            (ReadingFlags.Late, "late"),
            (ReadingFlags.Historical, "historical"),
            (ReadingFlags.Future, "future"),
            (ReadingFlags.Quarantined, "quarantined"),
        ];

        public override HistoryReading Read(
            ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement is not { ValueKind: JsonValueKind.Array } array || array.GetArrayLength() < 4)
            {
                throw new JsonException("expected [sourceTimeMs, value, quality, flags]");
            }

            ReadingFlags flags = ReadingFlags.None;
            string[] words = (array[3].GetString() ?? "").Split(' ');
            foreach ((ReadingFlags flag, string word) in s_words)
            {
                flags |= words.Contains(word) ? flag : ReadingFlags.None;
            }

            return new HistoryReading(
                (long)(array[0].GetDecimal() * 1_000),
                array[1].Deserialize(TwinGridJson.Default.ReadingValue),
                array[2].Deserialize(TwinGridJson.Default.Quality),
                flags);
        }

        public override void Write(Utf8JsonWriter writer, HistoryReading value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            WriteTime(writer, value.Time);
            JsonSerializer.Serialize(writer, value.Value, TwinGridJson.Default.ReadingValue);
            writer.WriteStringValue(value.Quality switch
            {
                Quality.Good => "good",
                Quality.Uncertain => "uncertain",
                _ => "bad",
            });
            writer.WriteStringValue(Words(value.Flags));
            writer.WriteEndArray();
        }

        // Milliseconds, with as many decimals as the microseconds need.
        private static void WriteTime(Utf8JsonWriter writer, long time)
        {
            if (time % 1_000 == 0)
            {
                writer.WriteNumberValue(time / 1_000);
                return;
            }

            Span<char> text = stackalloc char[32];
            ((decimal)time / 1_000).TryFormat(text, out int length, "0.###", CultureInfo.InvariantCulture);
            writer.WriteRawValue(text[..length], skipInputValidation: true);
        }

        private static string Words(ReadingFlags flags) => flags == ReadingFlags.None
            ? ""
            : string.Join(' ', s_words.Where(word => (flags & word.Flag) != 0).Select(word => word.Word));
    }
}
