using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.ObjectPool;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// One device message from its topic and bytes to the twin and back to its acknowledgement: steps 1 to 3 of the walk.
/// Every message ends in exactly one place: taken, or dead-lettered with a reason, or sent again by its client. Knows
/// no MQTT library. Thread-safe.
/// </summary>
internal sealed partial class MessageIntake(
    TopicRouter router,
    InputDecoder decoder,
    ITwinIngest ingest,
    DeadLetterLog deadLetters,
    TimeProvider clock,
    ILogger<MessageIntake> logger)
{
    /// <summary>A writer that grew beyond this is not kept for the next message.</summary>
    private const int LargestKept = 64 * 1_024;

    private static readonly Counter<long> Messages = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.messages", "{message}", "messages from devices, by what their topic makes them");

    private static readonly Counter<long> Readings = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.readings", "{reading}", "readings that were decoded");

    private static readonly Counter<long> Undecoded = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.decode.errors", "{message}", "payloads and readings that a decoder refused, by reason");

    private static readonly Counter<long> Unavailable = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.messages.unavailable", "{message}", "messages that no twin could take just then, by qos");

    private readonly ObjectPool<ReadingWriter> _writers =
        new DefaultObjectPool<ReadingWriter>(new WriterPolicy(), Environment.ProcessorCount * 64);

    /// <summary>
    /// Where a topic leads. Cached by the topic's bytes, so that the next message on it costs no string and no
    /// routing; a topic that the grid does not take gets a slot of its own each time.
    /// </summary>
    /// <param name="topic">UTF-8, checked by the caller when <see cref="TopicSlot.IsChecked"/> is false.</param>
    public TopicSlot Slot(ReadOnlySpan<byte> topic)
    {
        string text = System.Text.Encoding.UTF8.GetString(topic);
        TopicRoute route = router.Route(text);
        return new TopicSlot { Topic = text, Route = route, Address = new TwinAddress(route.Twin) };
    }

    /// <summary>The slot of a topic that was checked and found before; null for any other.</summary>
    public TopicSlot? FindSlot(ReadOnlySpan<byte> topic) => decoder is null ? Slot(topic) : null;

    /// <summary>
    /// Takes a message; never waits. <see cref="PublishSource.Answered"/> is called once, when the message is
    /// committed or dead-lettered for good, or must be sent again; perhaps before this returns.
    /// </summary>
    /// <param name="source">Who published it.</param>
    /// <param name="slot">Where its topic leads.</param>
    /// <param name="packetId">For the source's answer.</param>
    /// <param name="qos">0, 1 or 2.</param>
    /// <param name="payload">The payload; not used after the return.</param>
    /// <param name="contentType">MQTT 5 content type in UTF-8, or empty.</param>
    public void Take(
        PublishSource source,
        TopicSlot slot,
        ushort packetId,
        byte qos,
        ReadOnlySpan<byte> payload,
        ReadOnlySpan<byte> contentType)
    {
        IncomingMessage message = new(slot.Topic, payload.ToArray(), qos > 0, contentType.IsEmpty ? null : System.Text.Encoding.UTF8.GetString(contentType));
        _ = Go();
        async Task Go()
        {
            IntakeAnswer answer = await TakeAsync(source.Presence, source.Client, message);
            source.Answered(new IncomingPublish { Source = source, PacketId = packetId, Qos = qos, Size = message.Payload.Length, Acknowledge = answer.Acknowledge, Reason = (Packets.ReasonCode)answer.Reason, Detail = answer.Detail });
        }
    }

    /// <summary>Takes a message; the answer comes when it is committed, or dead-lettered for good.</summary>
    public async ValueTask<IntakeAnswer> TakeAsync(DevicePresence? session, string client, IncomingMessage message)
    {
        TopicRoute route = router.Route(message.Topic);
        Messages.Add(1, new KeyValuePair<string, object?>("use", Word(route.Use)));
        if (route.Use == TopicUse.Refused)
        {
            return await RefuseAsync(session, client, message, route.Reason!, route.Detail!, route.Refusal);
        }

        using Activity? activity = TwinGridDiagnostics.ActivitySource.HasListeners()
            ? TwinGridDiagnostics.ActivitySource.StartActivity("mqtt ingest", ActivityKind.Consumer)
            : null;
        activity?.SetTag("messaging.system", "mqtt").SetTag("twingrid.use", Word(route.Use));
        ReadingWriter writer = _writers.Get();
        bool feeds = session?.TryBeginFeed() == true;
        try
        {
            (IntakeAnswer answer, bool isAnswered) = await TakeAsync(session, client, message, route, writer, feeds);
            if (isAnswered)
            {
                // Where the road failed, somebody may still read the inputs: that writer is left to them.
                _writers.Return(writer);
            }

            return answer;
        }
        finally
        {
            if (feeds)
            {
                session!.EndFeed();
            }
        }
    }

    private async ValueTask<(IntakeAnswer Answer, bool IsAnswered)> TakeAsync(
        DevicePresence? session, string client, IncomingMessage message, TopicRoute route, ReadingWriter writer, bool feeds)
    {
        long received = UnixMicroseconds.Now(clock);
        bool isFirst = feeds && route.Use != TopicUse.Online && session!.Remember(route.Twin);
        if (isFirst)
        {
            InputDecoder.WritePresence(writer, true, session!.Id, received);
        }

        if (decoder.Decode(route, message, received, writer) is { } refusal)
        {
            ForgetIf(isFirst, session, route.Twin);
            Undecoded.Add(1, new KeyValuePair<string, object?>("reason", refusal.Reason));
            IntakeAnswer refused = await RefuseAsync(session, client, message, refusal.Reason, refusal.Detail, PublishReason.PayloadFormatInvalid);
            return (refused, true);
        }

        Readings.Add(writer.ReadingCount);
        IngestResult result = await IngestAsync(route.Twin, writer.Written);
        if (result.Status != IngestStatus.Accepted)
        {
            ForgetIf(isFirst, session, route.Twin);
            IntakeAnswer answer = await NotAcceptedAsync(session, client, message, route.Twin, result.Status);
            return (answer, result.Status != IngestStatus.Unavailable);
        }

        int dropped = writer.Dropped.Count + (result.Dropped?.Count ?? 0);
        return dropped == 0
            ? (IntakeAnswer.Taken, true)
            : (await DroppedAsync(session, client, message, writer, result, dropped), true);
    }

    private async ValueTask<IngestResult> IngestAsync(TwinId twin, ReadOnlyMemory<byte> inputs)
    {
        try
        {
            return await ingest.IngestAsync(twin, inputs);
        }
        catch (Exception e)
        {
            LogFailed(e, twin);
            return new IngestResult(IngestStatus.Unavailable);
        }
    }

    private async ValueTask<IntakeAnswer> NotAcceptedAsync(
        DevicePresence? session, string client, IncomingMessage message, TwinId twin, IngestStatus status)
    {
        switch (status)
        {
            case IngestStatus.UnknownTwin:
                return await RefuseAsync(session, client, message, "unknown-twin",
                    $"there is no twin {twin}, and TwinGrid:Ingest:NewTwins lets such a message make none",
                    PublishReason.NotAuthorized);
            case IngestStatus.TooManyTwins:
                return await RefuseAsync(session, client, message, "too-many-twins",
                    $"{twin} would be one twin too many: see TwinGrid:Limits:NewTwinsPerMinute and Limits:Twins",
                    PublishReason.QuotaExceeded);
            case IngestStatus.Failed:
                return await RefuseAsync(session, client, message, "twin-failed",
                    $"a model or policy of {twin} failed on it; the silo's log says how",
                    PublishReason.Unspecified);
            default:
                Unavailable.Add(1, new KeyValuePair<string, object?>("qos", message.IsAcknowledged ? 1 : 0));
                return message.IsAcknowledged ? IntakeAnswer.TryAgain : IntakeAnswer.Taken;
        }
    }

    /// <summary>
    /// One line per reading that was dropped; the message as a whole is taken where anything of it was usable.
    /// </summary>
    private async ValueTask<IntakeAnswer> DroppedAsync(
        DevicePresence? session, string client, IncomingMessage message, ReadingWriter writer, IngestResult result, int dropped)
    {
        foreach (DroppedReading reading in writer.Dropped)
        {
            Undecoded.Add(1, new KeyValuePair<string, object?>("reason", Outcomes.Word(reading.Outcome)));
        }

        DroppedReading[] all = [.. writer.Dropped, .. result.Dropped ?? []];
        if (dropped - writer.Dropped.Count >= writer.ReadingCount)
        {
            string more = dropped > 1 ? $" (and {dropped - 1} more)" : "";
            return await RefuseAsync(session, client, message, Outcomes.Word(all[0].Outcome),
                $"{all[0].Telemetry}: {all[0].Detail}{more}", PublishReason.PayloadFormatInvalid);
        }

        List<Task> writing = [];
        foreach (DroppedReading reading in all)
        {
            DeadLetter letter = Letter(session, client, message, Outcomes.Word(reading.Outcome), $"{reading.Telemetry}: {reading.Detail}");
            if (message.IsAcknowledged)
            {
                writing.Add(deadLetters.WriteAsync(letter).AsTask());
            }
            else
            {
                deadLetters.Post(letter);
            }
        }

        // The rest is committed, so the message is taken even where the store refuses a line: that one is counted.
        await Task.WhenAll(writing);
        return IntakeAnswer.Taken;
    }

    /// <summary>Dead-letters a message; its sender may be answered only when the letter is durable.</summary>
    private async ValueTask<IntakeAnswer> RefuseAsync(
        DevicePresence? session, string client, IncomingMessage message, string reason, string detail, PublishReason answer)
    {
        DeadLetter letter = Letter(session, client, message, reason, detail);
        if (message.IsAcknowledged)
        {
            return await deadLetters.WriteAsync(letter)
                ? new IntakeAnswer(true, answer, detail)
                : IntakeAnswer.TryAgain;
        }

        deadLetters.Post(letter);
        return new IntakeAnswer(true, answer);
    }

    private DeadLetter Letter(DevicePresence? session, string client, IncomingMessage message, string reason, string detail) => new()
    {
        Time = UnixMicroseconds.Now(clock),
        Topic = message.Topic,
        Client = client,
        Reason = reason,
        Detail = detail,
        Size = message.Payload.Length,
        Sample = message.Payload[..Math.Min(message.Payload.Length, DeadLetterLog.MaxSample)],
    };

    private static void ForgetIf(bool isFirst, DevicePresence? session, TwinId twin)
    {
        if (isFirst)
        {
            session!.Forget(twin);
        }
    }

    private static string Word(TopicUse use) => use switch
    {
        TopicUse.Telemetry => "telemetry",
        TopicUse.Reported => "reported",
        TopicUse.Result => "result",
        TopicUse.Online => "online",
        _ => "refused",
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "inputs of {Twin} could not be handed over")]
    private partial void LogFailed(Exception exception, TwinId twin);

    private sealed class WriterPolicy : PooledObjectPolicy<ReadingWriter>
    {
        public override ReadingWriter Create() => new();

        public override bool Return(ReadingWriter obj)
        {
            bool keep = obj.Written.Length <= LargestKept;
            obj.Clear();
            return keep;
        }
    }
}
