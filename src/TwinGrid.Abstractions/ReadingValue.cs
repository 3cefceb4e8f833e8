using System.Text.Json;
using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>What sort of value a telemetry has.</summary>
[JsonConverter(typeof(CamelCaseEnum<TelemetryType>))]
public enum TelemetryType : byte
{
    /// <summary>No value: JSON null, or nothing read yet.</summary>
    None = 0,

    /// <summary>An IEEE 754 double.</summary>
    Number = 1,

    /// <summary>True or false.</summary>
    Boolean = 2,

    /// <summary>A text.</summary>
    Text = 3,

    /// <summary>A position in WGS 84.</summary>
    Position = 4,

    /// <summary>A block of samples at a fixed rate; live state keeps its <see cref="WaveformFeatures"/>.</summary>
    Waveform = 5,
}

/// <summary>A position in WGS 84.</summary>
/// <param name="Latitude">Degrees north, -90 to 90.</param>
/// <param name="Longitude">Degrees east, -180 to 180.</param>
/// <param name="Altitude">Metres above the ellipsoid; NaN where not given.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.GeoPosition")]
public sealed record GeoPosition(
    [property: Id(0)] double Latitude, [property: Id(1)] double Longitude, [property: Id(2)] double Altitude);

/// <summary>What live state keeps of a waveform block.</summary>
/// <param name="Rate">Samples per second, Hz.</param>
/// <param name="Samples">How many samples the block had.</param>
/// <param name="Mean">Mean, in the telemetry's unit.</param>
/// <param name="Rms">Root mean square, in the telemetry's unit.</param>
/// <param name="Peak">Greatest absolute value, in the telemetry's unit.</param>
/// <param name="Crest">Crest factor, peak / RMS; 0 for a block of zeros.</param>
/// <param name="Kurtosis">Fourth standardized moment (3 for Gaussian noise); 0 for a constant block.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.WaveformFeatures")]
public sealed record WaveformFeatures(
    [property: Id(0)] double Rate,
    [property: Id(1)] int Samples,
    [property: Id(2)] double Mean,
    [property: Id(3)] double Rms,
    [property: Id(4)] double Peak,
    [property: Id(5)] double Crest,
    [property: Id(6)] double Kurtosis);

/// <summary>
/// One value of a telemetry. Numbers and booleans are held without an allocation; text, positions and waveform
/// features are references. Immutable, thread-safe.
/// </summary>
[JsonConverter(typeof(ReadingValueConverter))]
[GenerateSerializer, Immutable, Alias("TwinGrid.ReadingValue")]
public readonly struct ReadingValue : IEquatable<ReadingValue>
{
    [Id(0)]
    private readonly TelemetryType _type;
    [Id(1)]
    private readonly double _number;
    [Id(2)]
    private readonly object? _reference;

    private ReadingValue(TelemetryType type, double number, object? reference)
    {
        _type = type;
        _number = number;
        _reference = reference;
    }

    /// <summary>What sort of value this is.</summary>
    public TelemetryType Type => _type;

    /// <summary>The number; 1 or 0 for a boolean; NaN for anything else.</summary>
    public double Number => _type is TelemetryType.Number or TelemetryType.Boolean ? _number : double.NaN;

    /// <summary>The boolean; false for anything else.</summary>
    public bool Boolean => _type == TelemetryType.Boolean && _number != 0;

    /// <summary>The text, or null where this is not a text.</summary>
    public string? Text => _reference as string;

    /// <summary>The position, or null where this is not a position.</summary>
    public GeoPosition? Position => _reference as GeoPosition;

    /// <summary>The features, or null where this is not a waveform.</summary>
    public WaveformFeatures? Waveform => _reference as WaveformFeatures;

    /// <summary>A number; may be NaN or infinite, which the fold refuses.</summary>
    public static ReadingValue Of(double number) => new(TelemetryType.Number, number, null);

    /// <summary>A boolean.</summary>
    public static ReadingValue Of(bool value) => new(TelemetryType.Boolean, value ? 1 : 0, null);

    /// <summary>A text.</summary>
    public static ReadingValue Of(string text) => new(TelemetryType.Text, 0, text);

    /// <summary>A position.</summary>
    public static ReadingValue Of(GeoPosition position) => new(TelemetryType.Position, 0, position);

    /// <summary>The features of a waveform block.</summary>
    public static ReadingValue Of(WaveformFeatures features) => new(TelemetryType.Waveform, 0, features);

    /// <summary>Equal in type and in every bit of the value.</summary>
    public bool Equals(ReadingValue other) =>
        _type == other._type
        && BitConverter.DoubleToInt64Bits(_number) == BitConverter.DoubleToInt64Bits(other._number)
        && Equals(_reference, other._reference);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ReadingValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_type, _number, _reference);

    /// <summary>Equal in type and bits.</summary>
    public static bool operator ==(ReadingValue left, ReadingValue right) => left.Equals(right);

    /// <summary>Different in type or bits.</summary>
    public static bool operator !=(ReadingValue left, ReadingValue right) => !left.Equals(right);

    /// <summary>The value as JSON.</summary>
    public override string ToString() => JsonSerializer.Serialize(this, TwinGridJson.Default.ReadingValue);

    internal sealed class ReadingValueConverter : JsonConverter<ReadingValue>
    {
        public override ReadingValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.Number:
                    return Of(reader.GetDouble());
                case JsonTokenType.True or JsonTokenType.False:
                    return Of(reader.GetBoolean());
                case JsonTokenType.String:
                    return Of(reader.GetString()!);
                case JsonTokenType.StartObject:
                    using (JsonDocument document = JsonDocument.ParseValue(ref reader))
                    {
                        return ReadObject(document.RootElement);
                    }

                default:
                    return default;
            }
        }

        public override void Write(Utf8JsonWriter writer, ReadingValue value, JsonSerializerOptions options)
        {
            switch (value.Type)
            {
                case TelemetryType.Number when double.IsFinite(value.Number):
                    writer.WriteNumberValue(value.Number);
                    break;
                case TelemetryType.Boolean:
                    writer.WriteBooleanValue(value.Boolean);
                    break;
                case TelemetryType.Text:
                    writer.WriteStringValue(value.Text);
                    break;
                case TelemetryType.Position:
                    WritePosition(writer, value.Position!);
                    break;
                case TelemetryType.Waveform:
                    WriteFeatures(writer, value.Waveform!);
                    break;
                default:
                    writer.WriteNullValue();
                    break;
            }
        }

        private static ReadingValue ReadObject(JsonElement element) =>
            element.TryGetProperty("lat", out JsonElement latitude)
                ? Of(new GeoPosition(
                    latitude.GetDouble(),
                    element.GetProperty("lon").GetDouble(),
                    element.TryGetProperty("alt", out JsonElement altitude) ? altitude.GetDouble() : double.NaN))
                : Of(new WaveformFeatures(
                    element.GetProperty("rate").GetDouble(),
                    element.GetProperty("samples").GetInt32(),
                    element.GetProperty("mean").GetDouble(),
                    element.GetProperty("rms").GetDouble(),
                    element.GetProperty("peak").GetDouble(),
                    element.GetProperty("crest").GetDouble(),
                    element.GetProperty("kurtosis").GetDouble()));

        private static void WritePosition(Utf8JsonWriter writer, GeoPosition position)
        {
            writer.WriteStartObject();
            writer.WriteNumber("lat", position.Latitude);
            writer.WriteNumber("lon", position.Longitude);
            if (double.IsFinite(position.Altitude))
            {
                writer.WriteNumber("alt", position.Altitude);
            }

            writer.WriteEndObject();
        }

        private static void WriteFeatures(Utf8JsonWriter writer, WaveformFeatures features)
        {
            writer.WriteStartObject();
            writer.WriteNumber("rate", features.Rate);
            writer.WriteNumber("samples", features.Samples);
            writer.WriteNumber("mean", features.Mean);
            writer.WriteNumber("rms", features.Rms);
            writer.WriteNumber("peak", features.Peak);
            writer.WriteNumber("crest", features.Crest);
            writer.WriteNumber("kurtosis", features.Kurtosis);
            writer.WriteEndObject();
        }
    }
}
