using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace TwinGrid.Twins.Ingest;

/// <content>What becomes of messages that did not reach their twin.</content>
internal sealed partial class IngestRouter
{
    /// <summary>
    /// The parcel under way came back: brings it on again, in its place, unless that was tried for too long. What a
    /// silo may have committed before it died is sorted out first.
    /// </summary>
    internal void SendAgain(Passage passage, Exception reason, bool mayBeKept) =>
        Run(() => SendAgainAsync(passage, reason, mayBeKept));

    /// <summary>
    /// Gives a passage up: all its senders hear so, and only then others may pass. A connection that heard takes no
    /// more, so nothing that it sent later is applied before what failed comes again.
    /// </summary>
    internal void Fail(Passage passage, Exception reason)
    {
        int count = 0;
        while (TakeFailed(passage) is { Length: > 0 } failed)
        {
            count += failed.Length;
            foreach (IngestMessage message in failed)
            {
                message.Finish(s_unavailable, logger);
            }
        }

        if (count == 0)
        {
            return;
        }

        // That a silo stops or does not answer is no surprise: a line of it will do.
        bool isExpected = reason is OrleansException or TimeoutException or OperationCanceledException
            or TwinGridUnavailableException;
        LogFailed(isExpected ? null : reason, count, passage.Twin, reason.Message);
    }

    private static IngestMessage[] TakeFailed(Passage passage)
    {
        lock (passage.Door.Lock)
        {
            IngestMessage[] failed = passage.TakeAll();
            if (failed.Length == 0)
            {
                passage.Door.Passages.Remove(passage.Twin);
            }

            return failed;
        }
    }

    private async Task SendAgainAsync(Passage passage, Exception reason, bool mayBeKept)
    {
        int failures = ++passage.Failures;
        long now = clock.GetTimestamp();
        passage.FailedAt = failures == 1 ? now : passage.FailedAt;
        if (clock.GetElapsedTime(passage.FailedAt, now) >= s_patience || lanes.Closing.IsCancellationRequested)
        {
            Fail(passage, reason);
            return;
        }

        LogAgain(passage.Twin, reason.Message);
        try
        {
            if (failures > Unpaused)
            {
                await Task.Delay(Math.Min(failures, 5) * s_pause, clock, lanes.Closing);
            }

            if (mayBeKept)
            {
                await SortOutAsync(passage);
            }
        }
#pragma warning disable CA1031 // A store that does not answer, or a stop: nobody may be acknowledged.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(passage, e);
            return;
        }

        lock (passage.Door.Lock)
        {
            passage.ComeBack();
        }

        Advance(passage);
    }

    private async Task SortOutAsync(Passage passage)
    {
        IngestMessage[] parcel;
        lock (passage.Door.Lock)
        {
            parcel = passage.Parcel();
        }

        bool[] kept = await unsure.FindKeptAsync(passage.Twin, parcel, lanes.Closing);
        lock (passage.Door.Lock)
        {
            passage.TakeOut(kept);
        }

        for (int i = 0; i < kept.Length; i++)
        {
            if (kept[i])
            {
                parcel[i].Finish(new IngestResult(IngestStatus.Accepted), logger);
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "Messages did not reach {Twin} and are sent again: {Reason}")]
    private partial void LogAgain(TwinId twin, string reason);

    [LoggerMessage(LogLevel.Warning, "{Count} messages did not reach {Twin} and are not acknowledged: {Reason}")]
    private partial void LogFailed(Exception? exception, int count, TwinId twin, string reason);
}
