using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Sessions;

/// <content>How a session goes to another gateway, and what every session is owed when something went by.</content>
internal sealed partial class SessionRegistry
{
    private static readonly Counter<long> Released = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.sessions.released", "{session}", "MQTT sessions that another gateway took over");

    /// <summary>How long a gateway whose question or its answer got lost has to ask again.</summary>
    private static readonly TimeSpan AskedAgain = TimeSpan.FromMinutes(1);

    private readonly Dictionary<SessionClaim, Task<ClaimAnswer>> _given = [];
    private readonly Queue<(long Until, SessionClaim Claim)> _givenUntil = [];

    /// <summary>
    /// Another gateway claims a session. Asked again by the same claim, it says the same: the answer may have got lost.
    /// </summary>
    public Task<ClaimAnswer> ReleaseAsync(ClaimRequest request)
    {
        lock (_lock)
        {
            if (_connecting.TryGetValue(request.Client, out SessionClaim rival))
            {
                if (request.Claim.IsBefore(rival))
                {
                    return Task.FromResult(new ClaimAnswer { Verdict = ClaimVerdict.Lost, Time = rival.Time });
                }

                _connecting.Remove(request.Client);
            }

            if (!_sessions.TryGetValue(request.Client, out MqttSession? session))
            {
                return _given.GetValueOrDefault(request.Claim) ?? Task.FromResult(ClaimAnswer.Nothing);
            }

            if (request.Claim.IsBefore(session.Claim))
            {
                // Whoever asks has its client's connection now: that counts, and not whose clock is ahead.
                return Task.FromResult(
                    new ClaimAnswer { Verdict = ClaimVerdict.Ahead, Time = session.Claim.Time });
            }

            ClaimAnswer answer = new()
            {
                Verdict = ClaimVerdict.Released,
                Fed = session.Presence?.HandOver() ?? [],
                Taken = session.Taken(),
                Sent = session.SentCommands(),
            };
            Task<ClaimAnswer> given = GiveAsync(request.Client, answer, Release(session, request.CleanStart));
            _given[request.Claim] = given;
            _givenUntil.Enqueue((In(AskedAgain), request.Claim));
            Released.Add(1);
            return given;
        }
    }

    /// <summary>Asks the twins anew for what every session is owed: something of it may have gone by.</summary>
    /// <param name="fleetIsKnown">False when twins may have something retained that was not heard of.</param>
    public void CatchUpAll(bool fleetIsKnown)
    {
        MqttSession[] sessions;
        lock (_lock)
        {
            sessions = [.. _sessions.Values];
        }

        if (!fleetIsKnown)
        {
            _subscriptions.ForgetFleet();
        }

        foreach (MqttSession session in sessions)
        {
            session.NoteLost();
            foreach (Subscription subscription in session.Subscriptions())
            {
                _subscriptions.CatchUp(subscription, withRetained: true);
            }
        }
    }

    /// <summary>Gives a session away when its row and its will stand.</summary>
    private async Task<ClaimAnswer> GiveAsync(string client, ClaimAnswer answer, Task<bool> written)
    {
        // They stand before whatever the client says at the other gateway.
        await WillIsOutAsync(client);
        if (!await written)
        {
            LogNotWritten(client);
        }

        return answer;
    }

    private void ForgetGiven(long now)
    {
        while (_givenUntil.TryPeek(out (long Until, SessionClaim Claim) given) && given.Until <= now)
        {
            _givenUntil.Dequeue();
            _given.Remove(given.Claim);
        }
    }

    private Task<bool> Release(MqttSession session, bool isEnd)
    {
        if (isEnd || session.ExpirySeconds == 0)
        {
            Discard(session);
            return Task.FromResult(true);
        }

        // As in GoOn: who goes on with the session before its will's delay is over, stops the will.
        session.EndedAt ??= UnixMicroseconds.Now(_clock);
        SessionChange last = Change(session, withWill: false);
        if (session is { Will.Delay: 0 })
        {
            PublishWill(session);
        }

        Forget(session);
        if (_leaving.TryGetValue(session.Client, out LeavingWill? leaving) && leaving.Session == session)
        {
            leaving.After = last;
            return Task.FromResult(true);
        }

        return _rows.WriteAsync(last);
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the session of '{Client}' goes to another gateway, and its row could not be written")]
    private partial void LogNotWritten(string client);
}
