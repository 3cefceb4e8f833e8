using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>A payload that cannot be used.</summary>
/// <param name="Reason">A word for counting.</param>
/// <param name="Detail">Why, as a sentence.</param>
internal readonly record struct DecodeRefusal(string Reason, string Detail);

/// <summary>Turns a device's message into packed inputs, by what its topic makes it. Stateless, thread-safe.</summary>
internal sealed partial class InputDecoder(DefinitionSet definitions, ILogger<InputDecoder> logger)
{
    /// <summary>Writes the message's inputs.</summary>
    /// <param name="route">What it is.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="contentType">MQTT 5 content type in UTF-8, or empty.</param>
    /// <param name="received">When it was received: one stamp for all of it.</param>
    /// <param name="writer">Where to; after a refusal what it holds is not to be used.</param>
    /// <returns>Null, or why nothing of it can be used.</returns>
    public DecodeRefusal? Decode(
        in TopicRoute route,
        ReadOnlySpan<byte> payload,
        ReadOnlySpan<byte> contentType,
        long received,
        ReadingWriter writer)
    {
        if (contentType.SequenceEqual("application/senml+json"u8) || contentType.SequenceEqual("application/cbor"u8))
        {
            return new DecodeRefusal(
                "content-type",
                $"the content type {Encoding.UTF8.GetString(contentType)} is reserved; this version reads "
                + "application/json");
        }

        return route.Use switch
        {
            TopicUse.Telemetry => DecodeReadings(route, payload, received, writer),
            TopicUse.Reported => DecodeReported(payload, received, writer),
            TopicUse.Result => DecodeResult(payload, route.Name!, received, writer),
            _ => DecodeOnline(payload, received, writer),
        };
    }

    /// <summary>Writes that a device is there or not.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="online">True when it is.</param>
    /// <param name="session">The session that says so; empty for the device itself.</param>
    /// <param name="received">When.</param>
    public static void WritePresence(ReadingWriter writer, bool online, string session, long received) =>
        PackedInputs.Write(
            writer,
            InputKind.Presence,
            received,
            JsonSerializer.SerializeToUtf8Bytes(
                new PresenceInput(online, session), TwinGridJson.Default.PresenceInput));

    private DecodeRefusal? DecodeReadings(
        in TopicRoute route, ReadOnlySpan<byte> payload, long received, ReadingWriter writer)
    {
        PayloadContext context = new(route.Twin, route.Name, received, definitions.Find(route.Twin.Kind));
        try
        {
            if (route.Decoder!.Decode(payload, context, writer) is { } problem)
            {
                return new DecodeRefusal($"malformed-{route.Decoder.Format}", problem);
            }
        }
        catch (Exception e)
        {
            // A decoder of a user's own that throws would throw again at every delivery: such a message is refused.
            LogThrew(e, route.Decoder!.Format);
            return new DecodeRefusal("decoder-failed", $"the decoder '{route.Decoder.Format}' failed: {e.Message}");
        }

        if (writer.ReadingCount > 0)
        {
            return null;
        }

        if (writer.Dropped.Count == 0)
        {
            return new DecodeRefusal($"malformed-{route.Decoder.Format}", "the payload holds no reading");
        }

        DroppedReading first = writer.Dropped[0];
        string more = writer.Dropped.Count > 1 ? $" (and {writer.Dropped.Count - 1} more)" : "";
        return new DecodeRefusal(Outcomes.Word(first.Outcome), $"{first.Telemetry}: {first.Detail}{more}");
    }

    private static DecodeRefusal? DecodeReported(ReadOnlySpan<byte> payload, long received, ReadingWriter writer)
    {
        if (JsonCheck.Find(payload) is { } problem)
        {
            return new DecodeRefusal("malformed-json", problem);
        }

        if (FirstToken(payload) != JsonTokenType.StartObject)
        {
            return new DecodeRefusal("malformed-properties", "expected a JSON object of properties; null deletes one");
        }

        if (FindEndless(payload) is { } endless)
        {
            return endless;
        }

        PackedInputs.Write(writer, InputKind.ReportedProperties, received, payload);
        return null;
    }

    private static DecodeRefusal? DecodeResult(
        ReadOnlySpan<byte> payload, string id, long received, ReadingWriter writer)
    {
        if (JsonCheck.Find(payload) is { } problem)
        {
            return new DecodeRefusal("malformed-json", problem);
        }

        ResultMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(payload, ResultMessageJson.Default.ResultMessage);
        }
        catch (JsonException e)
        {
            return new DecodeRefusal("malformed-result", e.Message);
        }

        if (message?.CommandStatus is not { } status || !double.IsFinite(message.Progress ?? 0))
        {
            return new DecodeRefusal(
                "malformed-result",
                "expected {\"status\",\"progress\",\"result\",\"message\"}: 'status' is in-progress, succeeded, failed "
                + "or rejected, 'progress' a number");
        }

        if (FindEndless(payload) is { } endless)
        {
            return endless;
        }

        PackedInputs.Write(
            writer,
            InputKind.CommandResult,
            received,
            JsonSerializer.SerializeToUtf8Bytes(
                new CommandResultInput(
                    id,
                    status,
                    message.Progress,
                    message.Result is { } result ? new RawJson(result.GetRawText()) : null,
                    message.Message),
                TwinGridJson.Default.CommandResultInput));
        return null;
    }

    private static DecodeRefusal? DecodeOnline(ReadOnlySpan<byte> payload, long received, ReadingWriter writer)
    {
        ReadOnlySpan<byte> word = payload.Trim(" \t\r\n"u8);
        bool online = word.SequenceEqual("true"u8);
        if (!online && !word.SequenceEqual("false"u8))
        {
            return new DecodeRefusal("malformed-online", "expected true or false");
        }

        WritePresence(writer, online, "", received);
        return null;
    }

    // Whoever reads the twin's JSON could not hold such a number either.
    private static DecodeRefusal? FindEndless(ReadOnlySpan<byte> payload)
    {
        Utf8JsonReader json = new(payload, JsonCheck.Options);
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.Number && !(json.TryGetDouble(out double n) && double.IsFinite(n)))
            {
                return new DecodeRefusal("not-finite", "a number is larger than a double holds (1.8e308)");
            }
        }

        return null;
    }

    private static JsonTokenType FirstToken(ReadOnlySpan<byte> payload)
    {
        Utf8JsonReader json = new(payload, JsonCheck.Options);
        json.Read();
        return json.TokenType;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the payload decoder '{Format}' threw instead of answering")]
    private partial void LogThrew(Exception exception, string format);
}
