using System.Text.Json;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// The grid's JSON, format <c>json</c>: a flat object of readings, <c>{"ts",…,"values":{…}}</c>, or an array of such
/// objects; where the topic names the telemetry, its value. Step 1 of the walk.
/// </summary>
/// <remarks>
/// A document that <see cref="JsonCheck"/> refuses, or that is none of those forms, is refused whole and nothing is
/// written. A message whose own <c>ts</c>, <c>seq</c>, <c>epoch</c>, <c>source</c> or <c>historical</c> is wrong is
/// dropped whole; else each reading goes its own way. Stateless, thread-safe.
/// </remarks>
internal sealed class JsonPayloadDecoder : IPayloadDecoder
{
    /// <inheritdoc/>
    public string Format => "json";

    /// <inheritdoc/>
    public string? Decode(ReadOnlySpan<byte> payload, in PayloadContext context, ReadingWriter readings)
    {
        ArgumentNullException.ThrowIfNull(readings);
        bool isWritten = context.Telemetry is { } named
            ? FlatMessage.TryWriteValue(payload, named, context.Received, readings)
            : FlatMessage.TryWrite(payload, context.Received, readings);
        return isWritten ? null : DecodeStrictly(payload, context, readings);
    }

    /// <summary>Decodes any payload, the usual ones as <see cref="FlatMessage"/> does, only slower.</summary>
    internal static string? DecodeStrictly(
        ReadOnlySpan<byte> payload, in PayloadContext context, ReadingWriter readings)
    {
        if (JsonCheck.Find(payload) is { } problem)
        {
            return problem;
        }

        int before = readings.ReadingCount + readings.Dropped.Count;
        Utf8JsonReader json = new(payload, JsonCheck.Options);
        json.Read();
        if (context.Telemetry is { } telemetry)
        {
            WriteNamed(ref json, payload, telemetry, context.Received, readings);
        }
        else if (json.TokenType == JsonTokenType.StartObject)
        {
            WriteMessage(ref json, payload, 0, context.Received, readings);
        }
        else if (json.TokenType == JsonTokenType.StartArray)
        {
            WriteBatch(ref json, payload, context.Received, readings);
        }
        else
        {
            return "expected an object of readings such as {\"temperature\":21.5}, or an array of such objects";
        }

        return readings.ReadingCount + readings.Dropped.Count > before ? null : "the payload holds no reading";
    }

    /// <summary>Writes the value that the reader stands on as the one reading of a message.</summary>
    internal static void WriteNamed(
        ref Utf8JsonReader json, ReadOnlySpan<byte> payload, string telemetry, long received, ReadingWriter readings)
    {
        JsonReadings writer = new(payload, readings);
        int length = writer.Append(telemetry);
        if (length == 0)
        {
            readings.Drop(new DroppedReading(telemetry, ReadingOutcome.Malformed, TelemetryName.Rule));
            return;
        }

        readings.BeginMessage(new MessageHeader { Received = received });
        writer.Value(ref json, 0, length, default, isInner: false);
        readings.EndMessage();
    }

    private static void WriteBatch(
        ref Utf8JsonReader json, ReadOnlySpan<byte> payload, long received, ReadingWriter readings)
    {
        for (int number = 1; json.Read() && json.TokenType != JsonTokenType.EndArray; number++)
        {
            if (json.TokenType == JsonTokenType.StartObject)
            {
                WriteMessage(ref json, payload, number, received, readings);
            }
            else
            {
                string where = $"[{number}]";
                readings.Drop(new DroppedReading(where, ReadingOutcome.Malformed, "a batch holds objects of readings"));
                json.Skip();
            }
        }
    }

    private static void WriteMessage(
        ref Utf8JsonReader json, ReadOnlySpan<byte> payload, int number, long received, ReadingWriter readings)
    {
        JsonMembers members = new(payload, json, 0);
        if (JsonHeader.Read(members, received, out MessageHeader header) is { } dropped)
        {
            readings.Drop(number == 0 ? dropped : dropped with { Detail = $"message {number}: {dropped.Detail}" });
            json.Skip();
            return;
        }

        readings.BeginMessage(header);
        JsonReadings writer = new(payload, readings);
        if (members.Gives(JsonMember.Values, out Utf8JsonReader values)
            && values.TokenType == JsonTokenType.StartObject)
        {
            writer.Members(ref values, members.Origin(JsonMember.Values), 0, isMessage: false);
            DropBeside(ref json, readings);
        }
        else
        {
            writer.Members(ref json, 0, 0, isMessage: true);
        }

        readings.EndMessage();
    }

    /// <summary>Readings beside <c>values</c> are named, not lost in silence.</summary>
    private static void DropBeside(ref Utf8JsonReader json, ReadingWriter readings)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonMembers.Name(ref json) > JsonMember.Values)
            {
                string name = json.GetString()!;
                readings.Drop(new DroppedReading(
                    name.Length <= TelemetryName.MaxLength ? name : $"{name[..TelemetryName.MaxLength]}…",
                    ReadingOutcome.Malformed,
                    "it stands beside 'values'; readings stand inside"));
            }

            json.Read();
            json.Skip();
        }
    }
}
