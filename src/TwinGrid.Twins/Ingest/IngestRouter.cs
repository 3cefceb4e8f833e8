using System.Diagnostics.CodeAnalysis;
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
/// <para>A twin's messages keep their order: an inbox is used only when nothing waits for its twin at the door, and an
/// activation that goes puts what it has not applied back to the door in the same moment in which its inbox closes.
/// </para>
/// <para>Silos come and go meanwhile. What a silo did not take is brought to the next one that the map names; what a
/// silo may have taken before it died is brought again where the twin recognises it, and looked up in the log where it
/// does not (<see cref="UnsureMessages"/>). A sender hears of it only when that takes too long.</para>
/// </remarks>
[SuppressMessage(
    "Design", "CA1001", Justification = "A semaphore without a handle owns nothing, and calls end after the container.")]
internal sealed partial class IngestRouter(
    ActiveTwins active,
    ShardMap map,
    SiloLanes lanes,
    UnsureMessages unsure,
    ILocalSiloDetails local,
    IGrainFactory grains,
    TimeProvider clock,
    ILogger<IngestRouter> logger,
    TaskScheduler? scheduler = null) : ITwinIngest
{
    /// <summary>A twin whose activations go before they take a single message is not asked for ever.</summary>
    private const int MostCalls = 8;

    /// <summary>
    /// Grain calls at once. A call's time to answer runs from its start: ten thousand devices that come at once would
    /// let each other's calls expire, come again, and find the silo busy with what nobody waits for any more.
    /// </summary>
    private const int MostCallsAtOnce = 256;

    /// <summary>So many failures are sent again at once: mostly the silo that was asked has just gone.</summary>
    private const int Unpaused = 2;

    /// <summary>
    /// A message that does not get its turn to call in so long is given up, and so is a parcel that has failed for so
    /// long: a silo's death is noticed and over before.
    /// </summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private static readonly IngestResult s_unavailable = new(IngestStatus.Unavailable);

    private static readonly TwinGridUnavailableException s_overtaking =
        new("messages before them were refused, and they must not be applied first");

    private readonly OpeningTwins _opening = new();
    private readonly SemaphoreSlim _calls = new(MostCallsAtOnce);

    /// <inheritdoc/>
    public void Send(IngestMessage message)
    {
        // A remembered inbox that still takes messages is the twin's, and nobody waits at its door.
        if (message.Address.Hint is not TwinInbox inbox || !inbox.TryPost(message))
        {
            SendByLookup(message, stays: false);
        }
    }

    /// <summary>
    /// Brings a message to a twin without another lane: it came by one, and two silos that disagree on the map must
    /// not send it to and fro.
    /// </summary>
    public void SendHere(IngestMessage message) => SendByLookup(message, stays: true);

    /// <summary>
    /// Closes an inbox whose activation goes: what was not applied is sent again in its order, before all that comes
    /// later. Calls of the activation's own go back to their callers.
    /// </summary>
    /// <param name="twin">Whose.</param>
    /// <param name="inbox">The inbox.</param>
    /// <param name="unapplied">What was taken from it and not applied; what still waits in it is added.</param>
    public void GiveBack(TwinId twin, TwinInbox inbox, List<IngestMessage> unapplied)
    {
        if (Close(twin, inbox, unapplied) is { } opened)
        {
            Advance(opened);
        }
    }

    /// <summary>
    /// Closes an inbox behind messages that were refused: who waits in it hears the same, so that nothing overtakes
    /// them.
    /// </summary>
    /// <param name="twin">Whose.</param>
    /// <param name="inbox">The inbox.</param>
    /// <param name="unapplied">What was taken from it and not applied; what still waits in it is added.</param>
    public void Refuse(TwinId twin, TwinInbox inbox, List<IngestMessage> unapplied)
    {
        if (Close(twin, inbox, unapplied) is { } opened)
        {
            Fail(opened, s_overtaking);
        }
    }

    /// <summary>True while messages are at a twin's door or being called in from there: its inbox lacks them.</summary>
    public bool HasWaiting(TwinId twin)
    {
        OpeningTwins.Door door = _opening.Of(twin);
        lock (door.Lock)
        {
            return door.Passages.ContainsKey(twin);
        }
    }

    /// <summary>The silo has stopped: nobody could answer what is under way, so everybody hears now.</summary>
    public void Close()
    {
        lanes.Close();
        foreach ((TwinId twin, TwinInbox inbox) in active.All)
        {
            GiveBack(twin, inbox, []);
        }
    }

    /// <summary>
    /// Brings a passage of which nothing is under way a step on: into the inbox where its twin is active here, to the
    /// lane of its silo, or as a grain call. Whoever calls has the passage to himself, and no more after it.
    /// </summary>
    internal void Advance(Passage passage)
    {
        SiloAddress? elsewhere;
        lock (passage.Door.Lock)
        {
            if (TryEnd(passage))
            {
                return;
            }

            elsewhere = passage.Stays ? null : map.Find(passage.Key);
        }

        if (elsewhere is null || elsewhere.Equals(local.SiloAddress))
        {
            Open(passage);
        }
        else
        {
            lanes.Send(elsewhere, passage, this);
        }
    }

    /// <summary>The parcel under way has its answers; behind one that is to be sent again nobody passes.</summary>
    internal void Answer(Passage passage, ReadOnlySpan<IngestResult> results)
    {
        IngestMessage[] ended;
        lock (passage.Door.Lock)
        {
            ended = passage.End();
        }

        bool isRefused = false;
        for (int i = 0; i < ended.Length; i++)
        {
            isRefused |= results[i].Status == IngestStatus.Unavailable;
            ended[i].Finish(results[i], logger);
        }

        if (isRefused)
        {
            Fail(passage, s_overtaking);
        }
        else
        {
            Advance(passage);
        }
    }

    /// <summary>What was opened at the door for what was not applied; null where that was not needed.</summary>
    private Passage? Close(TwinId twin, TwinInbox inbox, List<IngestMessage> unapplied)
    {
        OpeningTwins.Door door = _opening.Of(twin);
        Passage? opened = null;
        lock (door.Lock)
        {
            inbox.Close(unapplied);
            active.Remove(twin, inbox);
            unapplied.RemoveAll(static message =>
            {
                (message as TwinCall)?.GiveBack();
                return message is TwinCall;
            });
            if (door.Passages.TryGetValue(twin, out Passage? passage))
            {
                passage.AddFirst(unapplied);
            }
            else if (unapplied.Count > 0)
            {
                door.Passages.Add(twin, opened = new Passage(twin, door));
                foreach (IngestMessage message in unapplied)
                {
                    opened.Add(message, stays: message is LaneMessage);
                }
            }
        }

        return opened;
    }

    private void SendByLookup(IngestMessage message, bool stays)
    {
        TwinAddress address = message.Address;
        TwinId twin = address.Twin;
        OpeningTwins.Door door = _opening.Of(twin);
        Passage? passage;
        lock (door.Lock)
        {
            if (door.Passages.TryGetValue(twin, out passage))
            {
                passage.Add(message, stays);
                return;
            }

            TwinInbox? inbox = active.Find(twin);
            if (inbox is not null && inbox.TryPost(message))
            {
                address.Hint = inbox;
                return;
            }

            address.Hint = null;
            door.Passages.Add(twin, passage = new Passage(twin, door));
            passage.Add(message, stays);
        }

        Advance(passage);
    }

    // Under the door's lock: nothing waits, or all of it can go into the inbox.
    private bool TryEnd(Passage passage) =>
        (passage.IsEmpty || (active.Find(passage.Twin) is { } inbox && inbox.TryPost(passage.All)))
        && passage.Door.Passages.Remove(passage.Twin);

    // On a thread of nobody's: the caller may be a connection or an activation.
    private void Run(Func<Task> work) => Task.Factory.StartNew(
        work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler ?? TaskScheduler.Default)
        .Unwrap().Ignore();

    private void Open(Passage passage) => Run(() => OpenAsync(passage));

    /// <summary>
    /// Sends the first message as a grain call, which opens the twin wherever it is; a twin that is on another silo
    /// than the map says takes all of them this way.
    /// </summary>
    private async Task OpenAsync(Passage passage)
    {
        byte[] inputs;
        lock (passage.Door.Lock)
        {
            // Somebody else may have opened the twin meanwhile: a call would only let others overtake.
            if (TryEnd(passage))
            {
                return;
            }

            inputs = passage.Begin(1, int.MaxValue)[0].Inputs.ToArray();
        }

        IngestResult result;
        try
        {
            result = await CallAsync(passage, inputs);
        }
        catch (OrleansException e) when (!lanes.Closing.IsCancellationRequested
            && (e is OrleansMessageRejectionException || UnsureMessages.IsRecognised(inputs)))
        {
            // No activation took it, or its silo is dead and the log says what became of it; or it may come twice.
            await SendAgainAsync(passage, e, mayBeKept: e is SiloUnavailableException);
            return;
        }
#pragma warning disable CA1031 // Whatever failed on the way, nobody may be acknowledged and everybody must hear.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Those behind it hear the same: whatever kept the twin from opening, or its silo from answering, would
            // keep each of them for as long once more. Their senders send again.
            Fail(passage, e);
            return;
        }

        Answer(passage, [result]);
    }

    private async Task<IngestResult> CallAsync(Passage passage, byte[] inputs)
    {
        if (!await _calls.WaitAsync(s_patience, lanes.Closing))
        {
            throw new TimeoutException($"{MostCallsAtOnce} other twins that are being opened were not done in time");
        }

        try
        {
            ITwin grain = grains.GetGrain<ITwin>(passage.Key);
            for (int calls = 1; ; calls++)
            {
                try
                {
                    return await grain.ApplyAsync(inputs).WaitAsync(lanes.Closing);
                }
                catch (TwinGridUnavailableException e) when (calls < MostCalls)
                {
                    // The activation gave it back: it was going, or the store kept nothing of it, perhaps for good.
                    LogGoing(e, passage.Twin);
                }

                if (calls >= Unpaused)
                {
                    await Task.Delay(Math.Min(calls, 5) * s_pause, clock, lanes.Closing);
                }
            }
        }
        finally
        {
            _calls.Release();
        }
    }

    [LoggerMessage(LogLevel.Debug, "An activation of {Twin} went before it took a message; it is sent again.")]
    private partial void LogGoing(Exception exception, TwinId twin);
}
