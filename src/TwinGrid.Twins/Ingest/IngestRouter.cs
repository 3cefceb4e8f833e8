using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// The road to the twins. A message for an active twin of this silo goes straight into its inbox, one for another silo
/// goes with everything else for that silo in a batch; only for a twin that is not active yet there is a grain call,
/// and what comes meanwhile waits behind it. Step 3 of the walk. Thread-safe.
/// </summary>
/// <remarks>
/// A twin's messages keep their order: an inbox is used only when nothing waits for its twin at the door, and an
/// activation that goes puts what it has not applied back to the door in the same moment in which its inbox closes.
/// </remarks>
internal sealed partial class IngestRouter(
    ActiveTwins active,
    ShardMap map,
    SiloLanes lanes,
    ILocalSiloDetails local,
    IGrainFactory grains,
    ILogger<IngestRouter> logger,
    TaskScheduler? scheduler = null) : ITwinIngest, IDisposable
{
    /// <summary>A twin whose activations go before they take a single message is not asked for ever.</summary>
    private const int MostCalls = 8;

    /// <summary>
    /// Grain calls at once. A call's time to answer runs from its start: ten thousand devices that come at once would
    /// let each other's calls expire, come again, and find the silo busy with what nobody waits for any more.
    /// </summary>
    private const int MostCallsAtOnce = 256;

    /// <summary>A message that does not get its turn to call in so long is given up.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private static readonly IngestResult s_unavailable = new(IngestStatus.Unavailable);

    private readonly OpeningTwins _opening = new();
    private readonly SemaphoreSlim _calls = new(MostCallsAtOnce);
    private readonly CancellationTokenSource _closing = new();

    /// <inheritdoc/>
    public void Send(IngestMessage message)
    {
        // A remembered inbox that still takes messages is the twin's, and nobody waits at its door.
        if (message.Address.Hint is not TwinInbox inbox || !inbox.TryPost(message))
        {
            SendByLookup(message, mayLeave: true);
        }
    }

    /// <summary>
    /// Brings a message to a twin without another lane: it came by one, and two silos that disagree on the map must
    /// not send it to and fro.
    /// </summary>
    public void SendHere(IngestMessage message) => SendByLookup(message, mayLeave: false);

    /// <summary>
    /// Closes an inbox whose activation goes: what was not applied is sent again in its order, before all that comes
    /// later. Calls of the activation's own go back to their callers.
    /// </summary>
    /// <param name="twin">Whose.</param>
    /// <param name="inbox">The inbox.</param>
    /// <param name="unapplied">What was taken from it and not applied; what still waits in it is added.</param>
    public void GiveBack(TwinId twin, TwinInbox inbox, List<IngestMessage> unapplied)
    {
        OpeningTwins.Door door = _opening.Of(twin);
        bool opens = false;
        lock (door.Lock)
        {
            inbox.Close(unapplied);
            active.Remove(twin, inbox);
            unapplied.RemoveAll(static message =>
            {
                (message as TwinCall)?.GiveBack();
                return message is TwinCall;
            });
            if (door.Waiting.TryGetValue(twin, out List<IngestMessage>? waiting))
            {
                waiting.InsertRange(0, unapplied);
            }
            else if (unapplied.Count > 0)
            {
                door.Waiting.Add(twin, [.. unapplied]);
                opens = true;
            }
        }

        if (opens)
        {
            Open(twin, door);
        }
    }

    /// <summary>True while messages are at a twin's door or being called in from there: its inbox lacks them.</summary>
    public bool HasWaiting(TwinId twin)
    {
        OpeningTwins.Door door = _opening.Of(twin);
        lock (door.Lock)
        {
            return door.Waiting.ContainsKey(twin);
        }
    }

    /// <summary>
    /// The silo has stopped: nothing is under way any more that somebody could answer, so everybody hears now.
    /// </summary>
    public void Close()
    {
        _closing.Cancel();
        lanes.Close();
        foreach ((TwinId twin, TwinInbox inbox) in active.All)
        {
            GiveBack(twin, inbox, []);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closing.Dispose();
        _calls.Dispose();
    }

    private void SendByLookup(IngestMessage message, bool mayLeave)
    {
        TwinAddress address = message.Address;
        TwinId twin = address.Twin;
        OpeningTwins.Door door = _opening.Of(twin);
        lock (door.Lock)
        {
            if (door.Waiting.TryGetValue(twin, out List<IngestMessage>? waiting))
            {
                waiting.Add(message);
                return;
            }

            TwinInbox? inbox = active.Find(twin);
            if (inbox is not null && inbox.TryPost(message))
            {
                address.Hint = inbox;
                return;
            }

            address.Hint = null;
            if (mayLeave && FindElsewhere(twin) is { } silo)
            {
                lanes.Send(silo, message);
                return;
            }

            door.Waiting.Add(twin, [message]);
        }

        Open(twin, door);
    }

    private SiloAddress? FindElsewhere(TwinId twin) =>
        map.Find(twin.ToGrainKey()) is { } silo && !silo.Equals(local.SiloAddress) ? silo : null;

    // On a thread of nobody's: the caller may be a connection or an activation. A simulation brings its own scheduler.
    private void Open(TwinId twin, OpeningTwins.Door door) => Task.Factory.StartNew(
        () => OpenAsync(twin, door),
        CancellationToken.None,
        TaskCreationOptions.DenyChildAttach,
        scheduler ?? TaskScheduler.Default)
        .Unwrap().Ignore();

    /// <summary>
    /// Sends what waits for a twin as grain calls, one after the other, until the twin is active here and the rest
    /// goes into its inbox. The first call opens the twin; a twin that is on another silo than the map says takes
    /// them all this way.
    /// </summary>
    private async Task OpenAsync(TwinId twin, OpeningTwins.Door door)
    {
        while (TakeNext(twin, door) is { } message)
        {
            IngestResult result;
            try
            {
                result = await CallAsync(twin, message);
            }
#pragma warning disable CA1031 // Whatever failed on the way, nobody may be acknowledged and everybody must hear.
            catch (Exception e)
#pragma warning restore CA1031
            {
                // Those behind it hear the same: whatever kept the twin from opening, or its silo from answering,
                // would keep each of them for as long once more. Their senders send again.
                Fail(e, twin, door, message);
                return;
            }

            message.Finish(result, logger);
        }
    }

    private async Task<IngestResult> CallAsync(TwinId twin, IngestMessage message)
    {
        if (!await _calls.WaitAsync(s_longestWait, _closing.Token))
        {
            throw new TimeoutException($"{MostCallsAtOnce} other twins that are being opened were not done in time");
        }

        try
        {
            ITwin grain = grains.GetGrain<ITwin>(twin.ToGrainKey());
            byte[] inputs = message.Inputs.ToArray();
            for (int calls = 1; ; calls++)
            {
                try
                {
                    return await grain.ApplyAsync(inputs).WaitAsync(_closing.Token);
                }
                catch (Exception e) when (calls < MostCalls && IsUnapplied(e))
                {
                    LogGoing(e, twin);
                }
            }
        }
        finally
        {
            _calls.Release();
        }
    }

    // The activation gave it back, or no activation took it. What became of it on a silo that died is not known.
    private static bool IsUnapplied(Exception exception) =>
        exception is TwinGridUnavailableException
        || (exception is OrleansMessageRejectionException && exception is not SiloUnavailableException);

    /// <summary>The next message to call the grain with; null when the rest needs no calls or there is none.</summary>
    private IngestMessage? TakeNext(TwinId twin, OpeningTwins.Door door)
    {
        lock (door.Lock)
        {
            List<IngestMessage> waiting = door.Waiting[twin];
            if (waiting.Count == 0 || (active.Find(twin) is { } inbox && inbox.TryPost(waiting)))
            {
                door.Waiting.Remove(twin);
                return null;
            }

            IngestMessage next = waiting[0];
            waiting.RemoveAt(0);
            return next;
        }
    }

    private void Fail(Exception exception, TwinId twin, OpeningTwins.Door door, IngestMessage first)
    {
        List<IngestMessage>? waiting;
        lock (door.Lock)
        {
            door.Waiting.Remove(twin, out waiting);
        }

        // That a silo stops or does not answer is no surprise: a line of it will do.
        bool isExpected = exception is OrleansException or TimeoutException or OperationCanceledException;
        LogFailed(isExpected ? null : exception, waiting!.Count + 1, twin, exception.Message);
        first.Finish(s_unavailable, logger);
        foreach (IngestMessage message in waiting)
        {
            message.Finish(s_unavailable, logger);
        }
    }

    [LoggerMessage(LogLevel.Debug, "An activation of {Twin} went before it took a message; it is sent again.")]
    private partial void LogGoing(Exception exception, TwinId twin);

    [LoggerMessage(LogLevel.Warning, "{Count} messages did not reach {Twin} and are not acknowledged: {Reason}")]
    private partial void LogFailed(Exception? exception, int count, TwinId twin, string reason);
}
