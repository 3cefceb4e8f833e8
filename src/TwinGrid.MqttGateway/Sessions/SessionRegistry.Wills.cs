using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <content>
/// A will is in its session's row from before CONNACK until it is out, and whoever has the row publishes it. A gateway
/// that finds the row of a dead one makes it its own, which one of them can, and the session rests there. Publishing
/// begins by noting its time in the row: whoever publishes it again after a crash does so as of that time, and twins
/// know it again.
/// </content>
internal sealed partial class SessionRegistry
{
    private const int MostAdopted = 250;

    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, LeavingWill> _leaving = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Wills that are not out yet are left to whoever reads their rows next.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        Task[] leaving;
        lock (_lock)
        {
            leaving = [.. _leaving.Values.Select(will => will.Done)];
        }

        await Task.WhenAll(leaving).WaitAsync(GatewayPeers.Patience, _clock)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <summary>Publishes a session's will, if it has one and has not begun to. Under the lock.</summary>
    private void PublishWill(MqttSession session)
    {
        _leaving.TryGetValue(session.Client, out LeavingWill? before);
        if (session.Will is not { } will || before?.Will == will)
        {
            return;
        }

        session.WillDueAt = null;
        session.WillAt ??= UnixMicroseconds.Now(_clock);
        session.IsStored = true;
        LeavingWill leaving = new(session, will, session.WillAt.Value, Change(session));
        _leaving[session.Client] = leaving;
        leaving.Done = LeaveAsync(leaving, before?.Done ?? Task.CompletedTask);
    }

    /// <summary>Ends when nothing of a client's earlier connections is under way, or waited for in vain.</summary>
    private async ValueTask WillIsOutAsync(string client)
    {
        Task? done;
        lock (_lock)
        {
            done = _leaving.GetValueOrDefault(client)?.Done;
        }

        if (done is not null)
        {
            await done.WaitAsync(GatewayPeers.Patience, _clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LeaveAsync(LeavingWill leaving, Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        while (!await TryLeaveAsync(leaving))
        {
            await PauseAsync();
            if (_stopping.IsCancellationRequested)
            {
                return;
            }
        }

        string client = leaving.Session.Client;
        lock (_lock)
        {
            if (_leaving.GetValueOrDefault(client) == leaving)
            {
                _leaving.Remove(client);
            }

            if (leaving.Session.Will == leaving.Will)
            {
                leaving.Session.Will = null;
                leaving.Session.WillAt = null;
            }

            if (_sessions.TryGetValue(client, out MqttSession? current))
            {
                current.IsStored = true;
                Post(current);
            }
            else
            {
                _rows.Post(leaving.After ?? new SessionChange(client, null) { Claim = leaving.Row.Claim });
            }
        }
    }

    /// <summary>True when a will is out, or another gateway sees to it.</summary>
    private async Task<bool> TryLeaveAsync(LeavingWill leaving)
    {
        try
        {
            // Before, for a row that is gone must not come back; after, for another gateway's stays as it is.
            if (!await IsOursAsync(leaving))
            {
                return true;
            }

            if (!await _rows.WriteAsync(leaving.Row))
            {
                return false;
            }

            string client = leaving.Session.Client;
            if (!await IsOursAsync(leaving) || await _wills.PublishAsync(client, leaving.Will, leaving.At))
            {
                return true;
            }

            LogNotTaken(client);
        }
        catch (Exception e)
        {
            if (!_stopping.IsCancellationRequested)
            {
                LogNotPublished(e, leaving.Session.Client);
            }
        }

        return false;
    }

    private async ValueTask<bool> IsOursAsync(LeavingWill leaving)
    {
        if (_peers.IsAlone)
        {
            return true;
        }

        StoredSession? row = await _store.LoadSessionAsync(leaving.Session.Client, _stopping.Token);
        return row?.Claim.Gateway == _peers.Id;
    }

    /// <summary>Makes sessions with a will its own whose gateway is dead, or does not answer.</summary>
    /// <returns>For each its row as it is now; null where it was not the seen one any more.</returns>
    private async Task<StoredSession?[]> AdoptAsync(
        List<StoredSession> seen, CancellationToken cancellationToken)
    {
        if (seen.Count == 0)
        {
            return [];
        }

        long now = UnixMicroseconds.Now(_clock);
        SessionTakeover[] takeovers;
        lock (_lock)
        {
            _lastClaim = Math.Max(_lastClaim, seen.Max(static row => row.Claim.Time));
            takeovers =
            [
                .. seen.Select(row => new SessionTakeover(
                    row, row with { EndedAt = row.EndedAt ?? now, Claim = NewClaim() })),
            ];
        }

        IReadOnlyList<bool> taken = await TakeAsync(takeovers, cancellationToken);
        int count = taken.Count(static one => one);
        LogAdopted(count);
        lock (_lock)
        {
            return [.. takeovers.Select((one, i) => taken[i] ? Adopt(one.Next, now) : null)];
        }
    }

    private async Task<IReadOnlyList<bool>> TakeAsync(
        SessionTakeover[] takeovers, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await _store.TakeSessionsAsync(takeovers, cancellationToken);
            }
            catch (TwinGridUnavailableException e) when (!_stopping.IsCancellationRequested)
            {
                // They may be ours by now, and then nobody else sees to them: asked again, the store says so.
                LogNotLearnt(e);
            }

            await PauseAsync();
        }
    }

    private StoredSession Adopt(StoredSession row, long now)
    {
        if (_sessions.TryGetValue(row.Client, out MqttSession? lost))
        {
            if (row.Claim.IsBefore(lost.Claim))
            {
                // Its client came here while the store answered, and has it with its will.
                return row;
            }

            // It went to the gateway that is dead while this process did not answer.
            Forget(lost);
        }

        OwedWill will = WillOf(row)!;
        MqttSession session = Open(row.Client, row.Claim);
        Restore(session, row);
        SetExpiry(session, row.ExpirySeconds);
        session.EndedAt = row.EndedAt;
        session.Will = will.Message;
        session.WillAt = will.At;
        long left = Expires(row, now) - now;
        long delay = row.EndedAt!.Value + (will.Message.Delay * UnixMicroseconds.PerSecond) - now;
        if (left <= 0)
        {
            Discard(session);
            return row;
        }

        session.EndsAt = In(TimeSpan.FromMicroseconds(left));
        if (will.At is not null || delay <= 0)
        {
            PublishWill(session);
        }
        else
        {
            session.WillDueAt = In(TimeSpan.FromMicroseconds(Math.Min(delay, left)));
        }

        _deadlines.Set(session, session.WillDueAt ?? session.EndsAt);
        return row;
    }

    /// <summary>The will of a row; null where there is none that can be read.</summary>
    private OwedWill? WillOf(StoredSession row)
    {
        try
        {
            return SessionState.ReadWill(row.Client, row.State);
        }
        catch (Exception e) when (e is TwinGridException or EndOfStreamException or FormatException)
        {
            LogUnreadable(e, row.Client);
            return null;
        }
    }

    private async Task PauseAsync() =>
        await Task.Delay(BetweenAttempts, _clock, _stopping.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "{Count} sessions with a will were of a gateway that is gone; they are here now")]
    private partial void LogAdopted(int count);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the will of '{Client}' was not taken: its twin or the store was not available; it is tried again")]
    private partial void LogNotTaken(string client);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the will of '{Client}' could not be published; it is tried again")]
    private partial void LogNotPublished(Exception exception, string client);

    /// <summary>A will that is being published.</summary>
    private sealed class LeavingWill(MqttSession session, WillMessage will, long at, SessionChange row)
    {
        public MqttSession Session => session;

        public WillMessage Will => will;

        public long At => at;

        /// <summary>Its session's row while it is not out.</summary>
        public SessionChange Row => row;

        /// <summary>The row when it is out, where the session is not here any more; null for none.</summary>
        public SessionChange? After { get; set; }

        public Task Done { get; set; } = Task.CompletedTask;
    }
}
