using System.Diagnostics.Metrics;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>How a message is answered.</summary>
/// <param name="Acknowledge">False when it was not kept and must be sent again.</param>
/// <param name="Reason">What an MQTT 5 client is told.</param>
/// <param name="Detail">The same as a sentence, or null.</param>
internal readonly record struct Verdict(bool Acknowledge, ReasonCode Reason, string? Detail = null)
{
    public static Verdict Taken => new(true, ReasonCode.Success);

    public static Verdict TryAgain => new(false, ReasonCode.Success);
}

/// <summary>
/// Judges messages that were not simply taken: writes their dead letters, then says how they are answered.
/// Thread-safe.
/// </summary>
internal sealed class Refusals(DeadLetterLog deadLetters, TimeProvider clock)
{
    private static readonly Counter<long> Undecoded = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.decode.errors", "{message}", "payloads and readings that a decoder refused, by reason");

    private static readonly Counter<long> Unavailable = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.messages.unavailable", "{message}", "messages that no twin could take just then, by qos");

    /// <summary>Counts a payload or a reading that a decoder refused.</summary>
    public static void CountUndecoded(string reason) =>
        Undecoded.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Judges what came back from the road to the twin.</summary>
    public ValueTask<Verdict> JudgeAsync(IncomingPublish publish, in IngestResult result)
    {
        TwinId twin = publish.Address.Twin;
        return result.Status switch
        {
            IngestStatus.Accepted => DroppedAsync(publish, result.Dropped ?? []),
            IngestStatus.UnknownTwin => RefuseAsync(
                publish,
                "unknown-twin",
                $"there is no twin {twin}, and TwinGrid:Ingest:NewTwins lets such a message make none",
                ReasonCode.NotAuthorized),
            IngestStatus.TooManyTwins => RefuseAsync(
                publish,
                "too-many-twins",
                $"{twin} would be one twin too many: see TwinGrid:Limits:NewTwinsPerMinute and Limits:Twins",
                ReasonCode.QuotaExceeded),
            IngestStatus.Failed => RefuseAsync(
                publish,
                "twin-failed",
                $"a model or policy of {twin} failed on it; the silo's log says how",
                ReasonCode.UnspecifiedError),
            IngestStatus.Damaged => RefuseAsync(
                publish,
                "twin-damaged",
                $"what is stored of {twin} is damaged; verify, a verb of the silo program, says which rows",
                ReasonCode.UnspecifiedError),
            _ => ValueTask.FromResult(NotNow(publish)),
        };
    }

    /// <summary>Dead-letters a message; its sender may be answered only when the letter is durable.</summary>
    public async ValueTask<Verdict> RefuseAsync(
        IncomingPublish publish, string reason, string detail, ReasonCode answer)
    {
        DeadLetter letter = Letter(publish, reason, detail);
        if (publish.IsAcknowledged)
        {
            return await deadLetters.WriteAsync(letter) ? new Verdict(true, answer, detail) : Verdict.TryAgain;
        }

        deadLetters.Post(letter);
        return new Verdict(true, answer);
    }

    private static Verdict NotNow(IncomingPublish publish)
    {
        Unavailable.Add(1, new KeyValuePair<string, object?>("qos", publish.IsAcknowledged ? 1 : 0));
        return publish.IsAcknowledged ? Verdict.TryAgain : Verdict.Taken;
    }

    /// <summary>
    /// One line per reading that was dropped; the message as a whole is taken where anything of it was usable.
    /// </summary>
    private async ValueTask<Verdict> DroppedAsync(IncomingPublish publish, IReadOnlyList<DroppedReading> byTwin)
    {
        IReadOnlyList<DroppedReading> byDecoder = publish.Readings.Dropped;
        foreach (DroppedReading reading in byDecoder)
        {
            CountUndecoded(Outcomes.Word(reading.Outcome));
        }

        DroppedReading[] all = [.. byDecoder, .. byTwin];
        if (byTwin.Count >= publish.Readings.ReadingCount)
        {
            string more = all.Length > 1 ? $" (and {all.Length - 1} more)" : "";
            return await RefuseAsync(
                publish, Outcomes.Word(all[0].Outcome),
                $"{all[0].Telemetry}: {all[0].Detail}{more}", ReasonCode.PayloadFormatInvalid);
        }

        await WriteAsync(publish, DroppedLines.Of(Letter(publish, "", ""), all, Outcomes.Word));
        foreach ((ReadingOutcome outcome, int count) in DroppedLines.Unlisted(all).CountBy(reading => reading.Outcome))
        {
            DeadLetterLog.CountUnwritten(Outcomes.Word(outcome), count);
        }

        // The rest is committed, so the message is taken even where the store refuses a line: that one is counted.
        return Verdict.Taken;
    }

    private async Task WriteAsync(IncomingPublish publish, IEnumerable<DeadLetter> lines)
    {
        foreach (DeadLetter[] some in lines.Chunk(DroppedLines.AtOnce))
        {
            if (publish.IsAcknowledged)
            {
                await Task.WhenAll(some.Select(line => deadLetters.WriteAsync(line).AsTask()));
            }
            else
            {
                Array.ForEach(some, deadLetters.Post);
            }
        }
    }

    private DeadLetter Letter(IncomingPublish publish, string reason, string detail) => new()
    {
        Time = UnixMicroseconds.Now(clock),
        Topic = publish.Slot.Topic,
        Client = publish.Source.Client,
        Reason = reason,
        Detail = detail,
        Size = publish.Size,

        // A copy: nobody waits for the letters of QoS 0, and the message is used again.
        Sample = publish.Sample.ToArray(),
    };
}
