using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// One device message from its topic and bytes to the twin and back to its acknowledgement: steps 1 to 3 of the walk.
/// Every message ends in exactly one place: taken, or dead-lettered with a reason, or sent again by its client. Knows
/// nothing of packets and sockets. Thread-safe.
/// </summary>
internal sealed partial class MessageIntake
{
    private readonly InputDecoder _decoder;
    private readonly ITwinIngest _ingest;
    private readonly TimeProvider _clock;
    private readonly ILogger<MessageIntake> _logger;
    private readonly TopicSlots _slots;
    private readonly PublishPool _pool;
    private readonly Refusals _refusals;

    public MessageIntake(
        TopicRouter router,
        InputDecoder decoder,
        ITwinIngest ingest,
        DeadLetterLog deadLetters,
        TimeProvider clock,
        ILogger<MessageIntake> logger)
    {
        _decoder = decoder;
        _ingest = ingest;
        _clock = clock;
        _logger = logger;
        _slots = new TopicSlots(router);
        _pool = new PublishPool(this);
        _refusals = new Refusals(deadLetters, clock);
    }

    /// <summary>
    /// One span for the messages of one socket read, to be disposed when they are handed over; null when nobody traces.
    /// </summary>
    public static Activity? BeginRead()
    {
        Activity? read = TwinGridDiagnostics.ActivitySource.HasListeners()
            ? TwinGridDiagnostics.ActivitySource.StartActivity("mqtt ingest", ActivityKind.Consumer)
            : null;
        return read?.SetTag("messaging.system", "mqtt");
    }

    /// <summary>
    /// Finds the slot of a topic that came before and was checked: nothing is left to do for it.
    /// </summary>
    public bool TryFindSlot(ReadOnlySpan<byte> topic, [NotNullWhen(true)] out TopicSlot? slot)
    {
        slot = _slots.Find(topic);
        return slot is { IsChecked: true };
    }

    /// <summary>Makes the slot of a topic that <see cref="PublishPacket.CheckTopic"/> found valid.</summary>
    public TopicSlot AddSlot(ReadOnlySpan<byte> topic)
    {
        TopicSlot slot = _slots.FindOrAdd(topic);
        slot.IsChecked = true;
        return slot;
    }

    /// <summary>
    /// Where a topic leads. Cached by the topic's bytes, so that the next message on it costs no string and no
    /// routing; a topic that the grid does not take gets a slot of its own each time.
    /// </summary>
    /// <param name="topic">UTF-8, checked by the caller when <see cref="TopicSlot.IsChecked"/> is false.</param>
    public TopicSlot Slot(ReadOnlySpan<byte> topic) => _slots.FindOrAdd(topic);

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
    /// <param name="timeOfUntimed">As <see cref="ReadingWriter.TimeOfUntimed"/>.</param>
    public void Take(
        PublishSource source,
        TopicSlot slot,
        ushort packetId,
        byte qos,
        ReadOnlySpan<byte> payload,
        ReadOnlySpan<byte> contentType,
        long? timeOfUntimed = null)
    {
        IncomingPublish publish = _pool.Get(payload.Length);
        publish.Begin(source, slot, packetId, qos, payload);
        publish.Readings.TimeOfUntimed = timeOfUntimed;
        TopicRoute route = slot.Route;
        if (route.Use == TopicUse.Refused)
        {
            IntakeMetrics.Count(TopicUse.Refused, 0);
            Refuse(publish, route.Reason!, route.Detail!, route.Refusal);
            return;
        }

        long received = UnixMicroseconds.Now(_clock);
        publish.Feed(received);
        if (_decoder.Decode(route, payload, contentType, received, publish.Readings) is { } refusal)
        {
            IntakeMetrics.Count(route.Use, 0);
            Refusals.CountUndecoded(refusal.Reason);
            publish.NotFed();
            Refuse(publish, refusal.Reason, refusal.Detail, ReasonCode.PayloadFormatInvalid);
            return;
        }

        IntakeMetrics.Count(route.Use, publish.Readings.ReadingCount);
        Send(publish);
    }

    /// <summary>
    /// Ends a message that was not simply taken: some of it was dropped, or the twin could not take it.
    /// </summary>
    internal void Settle(IncomingPublish publish, in IngestResult result)
    {
        if (result.Status != IngestStatus.Accepted)
        {
            publish.NotFed();
        }

        _ = EndAsync(publish, _refusals.JudgeAsync(publish, result), result.Status != IngestStatus.Unavailable);
    }

    /// <summary>Takes a message back that was answered.</summary>
    internal void Return(IncomingPublish publish) => _pool.Return(publish);

    private void Send(IncomingPublish publish)
    {
        try
        {
            _ingest.Send(publish);
        }
        catch (Exception e)
        {
            // A road that throws has not taken the message, so nobody else answers it.
            LogFailed(e, publish.Address.Twin);
            publish.Finished(new IngestResult(IngestStatus.Unavailable));
        }
    }

    private void Refuse(IncomingPublish publish, string reason, string detail, ReasonCode answer) =>
        _ = EndAsync(publish, _refusals.RefuseAsync(publish, reason, detail, answer), isOver: true);

    private async Task EndAsync(IncomingPublish publish, ValueTask<Verdict> judging, bool isOver)
    {
        Verdict verdict;
        try
        {
            verdict = await judging;
        }
        catch (Exception e)
        {
            // Whatever failed, its sender is not told that the message was kept.
            LogNotJudged(e, publish.Slot.Topic);
            verdict = Verdict.TryAgain;
        }

        publish.Answer(verdict.Acknowledge, verdict.Reason, verdict.Detail, isOver);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "inputs of {Twin} could not be handed over")]
    private partial void LogFailed(Exception exception, TwinId twin);

    [LoggerMessage(Level = LogLevel.Error, Message = "a message on {Topic} could not be dead-lettered")]
    private partial void LogNotJudged(Exception exception, string topic);
}
