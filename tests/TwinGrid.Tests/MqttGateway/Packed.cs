using System.Globalization;
using System.Text;
using TwinGrid.MqttGateway.Decoding;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>Readings as text that tests compare: <c>seq=7 ts=… name=21.5 name='text'</c>.</summary>
public static class Packed
{
    public const long Received = 1_780_000_000_000_000;

    public static string Show(ReadingsReader message)
    {
        List<string> parts = [];
        if (!message.Source.IsEmpty)
        {
            parts.Add($"source={Encoding.UTF8.GetString(message.Source)}");
        }

        if (message.HasEpoch)
        {
            parts.Add(Invariant($"epoch={message.Epoch}"));
        }

        if (message.HasSeq)
        {
            parts.Add(Invariant($"seq={message.Seq}"));
        }

        if (message.MessageTime != UnixMicroseconds.Absent)
        {
            parts.Add(Invariant($"ts={message.MessageTime}"));
        }

        if (message.Historical)
        {
            parts.Add("historical");
        }

        while (message.Next())
        {
            parts.Add(Show(message, message.MessageTime));
        }

        return string.Join(' ', parts);
    }

    /// <summary>Decodes a payload and shows what came of it: readings, dropped readings, or the refusal.</summary>
    public static string Decode(
        string payload, string? telemetry = null, TwinDefinition? definition = null, IPayloadDecoder? decoder = null) =>
        Decode(Encoding.UTF8.GetBytes(payload), telemetry, definition, decoder);

    public static string Decode(
        byte[] payload, string? telemetry = null, TwinDefinition? definition = null, IPayloadDecoder? decoder = null)
    {
        ReadingWriter writer = new();
        decoder ??= new JsonPayloadDecoder();
        PayloadContext context = new(new TwinId("turbine", "t07"), telemetry, Received, definition);
        string? refusal = decoder.Decode(payload, context, writer);
        if (refusal is not null)
        {
            return $"refused: {refusal}";
        }

        List<string> lines = [];
        InputReader reader = new(writer.Written.Span);
        while (reader.Next())
        {
            Assert.Equal(InputKind.Readings, reader.Kind);
            Assert.Equal(Received, reader.Received);
            lines.Add(Show(reader.Readings()));
        }

        lines.AddRange(writer.Dropped.Select(dropped => $"dropped {dropped.Telemetry}: {dropped.Outcome}"));
        return string.Join(" | ", lines);
    }

    private static string Show(in ReadingsReader reading, long messageTime)
    {
        string value = reading.Type switch
        {
            TelemetryType.Number => reading.Number.ToString("R", CultureInfo.InvariantCulture),
            TelemetryType.Boolean => reading.Number == 1 ? "true" : "false",
            TelemetryType.Text => $"'{reading.Text()}'",
            TelemetryType.Position => Show(reading.Position()),
            TelemetryType.Waveform => Invariant(
                $"{reading.Number}Hz*{reading.Scale}:{reading.Encoding}:{Convert.ToHexString(reading.Data)}"),
            _ => "null",
        };
        string time = reading.Time == messageTime ? "" : Invariant($"@{reading.Time}");
        string unit = reading.Unit.IsEmpty ? "" : $"[{Encoding.UTF8.GetString(reading.Unit)}]";
        string quality = reading.Quality == Quality.Good ? "" : $"({reading.Quality})";
        return $"{Encoding.UTF8.GetString(reading.Name)}={value}{time}{unit}{quality}";
    }

    private static string Show(GeoPosition position) => double.IsNaN(position.Altitude)
        ? Invariant($"({position.Latitude};{position.Longitude})")
        : Invariant($"({position.Latitude};{position.Longitude};{position.Altitude})");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
