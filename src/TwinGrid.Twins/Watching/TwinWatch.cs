using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Watching;

/// <summary>
/// Answers those who watch one twin. They ask again and again after the revision that they know, so nothing of them is
/// lost with an activation: the next one tells from the log what they missed. Runs on the activation's scheduler; costs
/// nothing while nobody watches.
/// </summary>
internal sealed class TwinWatch(TwinRuntime runtime, TwinTurns turns)
{
    private const int LongestName = 64;

    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(20);

    private ChangeFeed? _feed;

    /// <summary>A turn was committed.</summary>
    public void Committed()
    {
        if (_feed is not { } feed)
        {
            return;
        }

        if (feed.IsAbandoned)
        {
            Close();
        }
        else if (feed.Revision != turns.State.Revision)
        {
            // One that began with this very commit knows the turn already.
            Tell(feed);
        }
    }

    /// <summary>What changed after the revision that the watcher knows, at once or as soon as something does.</summary>
    /// <exception cref="TwinGridUnavailableException">The activation goes, or the store does not answer.</exception>
    public async Task<WatchAnswer> AnswerAsync(WatchRequest request)
    {
        ArgumentException.ThrowIfNullOrEmpty(request.Watcher);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.Watcher.Length, LongestName);
        (WatchRefusal refusal, ChangeFeed? feed) = await turns.ReadAsync(
            (state, durable) => Enter(state, durable, request));
        if (feed is null)
        {
            return new WatchAnswer(refusal, null, []);
        }

        if (request.After == feed.Revision && request.Wait > TimeSpan.Zero)
        {
            await feed.NextAsync(request.Wait < s_longestWait ? request.Wait : s_longestWait);
        }

        if (feed.IsClosed)
        {
            return new WatchAnswer(WatchRefusal.None, null, []);
        }

        IReadOnlyList<TwinChange> changes = await ChangesAsync(feed, request);
        if (!await runtime.Lease.ConfirmAsync())
        {
            throw new TwinGridUnavailableException(
                $"the store does not say whether {turns.State.Twin} is still this silo's; ask again");
        }

        long last = changes.Count > 0 ? changes[^1].Revision : request.After ?? 0;

        // Whoever is still in the past goes on there: only one that once kept up can be too slow.
        return new WatchAnswer(WatchRefusal.None, feed.Holds(last) ? feed.Token : null, changes);
    }

    /// <summary>A watcher goes.</summary>
    public void Leave(string watcher)
    {
        if (_feed?.Leave(watcher) == true)
        {
            Close();
        }
    }

    /// <summary>Ends all watching: who waits asks anew, and finds the next activation.</summary>
    public void Close()
    {
        _feed?.Close();
        _feed = null;
    }

    // What is told is committed already: that it could not be told must not stop the twin. Who watches asks anew.
    private void Tell(ChangeFeed feed)
    {
        try
        {
            feed.Add(turns.State);
        }
#pragma warning disable CA1031 // Whatever failed, the next turn comes.
        catch (Exception e)
#pragma warning restore CA1031
        {
            runtime.LogPublishFailed(e, turns.State.Twin);
            Close();
        }
    }

    private async Task CloseWhenLeftAsync(ChangeFeed feed)
    {
        await feed.ForgetVanishedAsync();
        if (feed == _feed)
        {
            Close();
        }
    }

    private (WatchRefusal Refusal, ChangeFeed? Feed) Enter(TwinState state, bool durable, WatchRequest request)
    {
        if (!durable || turns.IsClosed || runtime.Watching.Stopping.IsCancellationRequested)
        {
            throw new TwinGridUnavailableException($"{state.Twin} cannot be watched just now; ask again");
        }

        // A watcher that knows the twin is to hear of its end too; the feed may hear of it only after this reading.
        bool hearsOfTheEnd = _feed?.Knows(request.Watcher) == true && request.After < state.Revision;
        if (!state.Exists && !hearsOfTheEnd)
        {
            return (WatchRefusal.UnknownTwin, null);
        }

        if (_feed is null)
        {
            _feed = new ChangeFeed(state, runtime.Watching, runtime.Clock);
            CloseWhenLeftAsync(_feed).Ignore();
        }

        WatchRefusal refusal = _feed.Enter(request.Watcher);
        return (refusal, refusal == WatchRefusal.None ? _feed : null);
    }

    private async Task<IReadOnlyList<TwinChange>> ChangesAsync(ChangeFeed feed, WatchRequest request)
    {
        if (request.After is not { } after || after > feed.Revision)
        {
            return [feed.Now()];
        }

        if (feed.Holds(after))
        {
            return feed.After(after);
        }

        if (request.Token != feed.Token && await ReplayAsync(after, feed.Revision) is { Count: > 0 } missed)
        {
            return missed;
        }

        TwinChange gap = new() { Kind = TwinChangeKind.Gap, Revision = after, From = after + 1, To = feed.Revision };
        return [gap, feed.Now()];
    }

    // On a thread of its own: a past that is long must not hold up the twin's turns.
    private async Task<IReadOnlyList<TwinChange>?> ReplayAsync(long after, long last)
    {
        await runtime.Watching.Replays.WaitAsync(runtime.Watching.Stopping);
        try
        {
            return await Task.Run(() => TurnReplay.ChangesAfterAsync(
                turns.State.Twin, after, last, runtime.Store, runtime.Kinds, runtime.Watching.Stopping));
        }
        finally
        {
            runtime.Watching.Replays.Release();
        }
    }
}
