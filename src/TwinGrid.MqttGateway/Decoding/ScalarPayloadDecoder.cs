using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// One value, format <c>scalar</c>, for topics that name the telemetry: <c>21.5</c>, <c>true</c>, <c>"text"</c>,
/// <c>null</c>, or any other JSON value of one reading. Where the kind declares the telemetry as text, the payload is
/// the text itself, quoted or not. Step 1 of the walk. Stateless, thread-safe.
/// </summary>
internal sealed class ScalarPayloadDecoder : IPayloadDecoder
{
    /// <inheritdoc/>
    public string Format => "scalar";

    /// <inheritdoc/>
    public string? Decode(ReadOnlySpan<byte> payload, in PayloadContext context, ReadingWriter readings)
    {
        ArgumentNullException.ThrowIfNull(readings);
        if (context.Telemetry is not { } telemetry)
        {
            return "a scalar needs a topic that names its telemetry, such as telemetry/temperature";
        }

        if (!IsName(telemetry))
        {
            return $"'{telemetry}' cannot name a telemetry: {TelemetryName.Rule}";
        }

        if (payload.IsEmpty)
        {
            return "the payload is empty; expected a value such as 21.5, true or \"text\"";
        }

        if (IsText(context.Definition, telemetry) && !IsJsonText(payload))
        {
            return WriteText(payload, telemetry, context.Received, readings);
        }

        return FlatMessage.TryWriteValue(payload, telemetry, context.Received, readings)
            ? null
            : DecodeStrictly(payload, telemetry, context.Received, readings);
    }

    /// <summary>Decodes any JSON value, the usual ones as <see cref="FlatMessage"/> does, only slower.</summary>
    internal static string? DecodeStrictly(
        ReadOnlySpan<byte> payload, string telemetry, long received, ReadingWriter readings)
    {
        if (JsonCheck.Find(payload) is { } problem)
        {
            return $"{problem}; expected a value such as 21.5, true or \"text\": "
                + $"text without quotes is taken only where the kind declares '{telemetry}' as text";
        }

        Utf8JsonReader json = new(payload, JsonCheck.Options);
        json.Read();
        JsonPayloadDecoder.WriteNamed(ref json, payload, telemetry, received, readings);
        return null;
    }

    private static bool IsName(string telemetry)
    {
        Span<byte> utf8 = stackalloc byte[TelemetryName.MaxLength];
        return Encoding.UTF8.TryGetBytes(telemetry, utf8, out int length) && TelemetryName.IsValid(utf8[..length]);
    }

    private static bool IsText(TwinDefinition? definition, string telemetry)
    {
        if (definition is null)
        {
            return false;
        }

        foreach (TelemetryDefinition declared in definition.Telemetry)
        {
            if (declared.Name == telemetry)
            {
                return declared.Type == TelemetryType.Text;
            }
        }

        return false;
    }

    /// <summary>True for quoted text, for null, and for an object that says time or quality beside the text.</summary>
    private static bool IsJsonText(ReadOnlySpan<byte> payload) =>
        (payload[0] is (byte)'"' or (byte)'{' || payload.SequenceEqual("null"u8)) && JsonCheck.Find(payload) is null;

    private static string? WriteText(
        ReadOnlySpan<byte> payload, string telemetry, long received, ReadingWriter readings)
    {
        if (!Utf8.IsValid(payload))
        {
            return "the payload is not UTF-8";
        }

        if (payload.Length > JsonReadings.MaxText)
        {
            readings.Drop(new DroppedReading(
                telemetry,
                ReadingOutcome.OverLimit,
                $"a text of {payload.Length} bytes; at most {JsonReadings.MaxText}"));
            return null;
        }

        readings.BeginMessage(new MessageHeader { Received = received });
        readings.Text(Encoding.UTF8.GetBytes(telemetry), payload);
        readings.EndMessage();
        return null;
    }
}
