using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// The sessions of this process: begins them, goes on with those that wait, here, at another gateway or in the store,
/// and ends them when their time is over. Thread-safe.
/// </summary>
internal sealed partial class SessionRegistry : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, MqttSession> _sessions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MqttSession> _byToken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Due, SessionClaim Claim)> _stored = new(StringComparer.Ordinal);
    private readonly SessionDeadlines _deadlines = new();
    private readonly PriorityQueue<string, long> _storedDeadlines = new();
    private readonly ITwinStore _store;
    private readonly GatewayPeers _peers;
    private readonly SessionRows _rows;
    private readonly Subscriptions _subscriptions;
    private readonly Wills _wills;
    private readonly Farewells _farewells;
    private readonly LimitOptions _limits;
    private readonly TimeProvider _clock;
    private readonly ILogger<SessionRegistry> _logger;
    private readonly string _incarnation;
    private long _numbers;
    private long _lastClaim;
    private int _lasting;

    public SessionRegistry(
        ITwinStore store,
        GatewayPeers peers,
        SessionRows rows,
        Subscriptions subscriptions,
        Wills wills,
        Farewells farewells,
        IOptions<LimitOptions> limits,
        TimeProvider clock,
        ILogger<SessionRegistry> logger)
    {
        _store = store;
        _peers = peers;
        _rows = rows;
        _subscriptions = subscriptions;
        _wills = wills;
        _farewells = farewells;
        _limits = limits.Value;
        _clock = clock;
        _logger = logger;
        _incarnation = Guid.CreateVersion7(clock.GetUtcNow()).ToString("N", CultureInfo.InvariantCulture);
        peers.Came += peer => ClaimAgain(peer);
        peers.Left += () => _ = LearnAgainAsync();
        peers.Missed += () => CatchUpAll(fleetIsKnown: true);
    }

    private uint LongestExpiry =>
        (uint)Math.Min(uint.MaxValue - 1, _limits.SessionKeep.Microseconds / UnixMicroseconds.PerSecond);

    /// <summary>Shows how many as a metric; once in a gateway, for a meter keeps its instruments for good.</summary>
    public void Observe() => TwinGridDiagnostics.Meter.CreateObservableGauge(
        "twingrid.mqtt.sessions", () => _sessions.Count, "{session}", "MQTT sessions in memory, connected or not");

    /// <summary>A client identifier for a client that has none (MQTT 5 section 3.1.3.1).</summary>
    public string NewClientId() =>
        string.Create(CultureInfo.InvariantCulture, $"twingrid-{_incarnation}-{Interlocked.Increment(ref _numbers)}");

    /// <summary>
    /// Begins a session for a connection, or goes on with the client's; a connection that it has is told to go, and
    /// what that leaves as its will stands before whatever this one says. This one's own will is durable when the task
    /// ends.
    /// </summary>
    /// <param name="client">The client identifier, not empty.</param>
    /// <param name="connect">What the client asks for.</param>
    /// <param name="link">The connection.</param>
    /// <returns>The session and whether it was there before, or why there is none.</returns>
    public async ValueTask<Begun> BeginAsync(string client, ConnectPacket connect, SessionLink link)
    {
        uint expiry = Math.Min(connect.SessionExpiry, LongestExpiry);
        Begun begun = await BeginHereAsync(client, connect, link, expiry)
            ?? await BeginClaimedAsync(client, connect, link, expiry);
        if (begun.Session is { } session)
        {
            await WillIsOutAsync(client);
            if (connect.Will is not null && !await KeepAsync(session))
            {
                End(session, link, null, publishWill: false);
                return Begun.Refused(BeginRefusal.NotKept);
            }
        }

        return begun;
    }

    /// <summary>The session that a token names, or null for one that is gone.</summary>
    public MqttSession? Find(string token)
    {
        lock (_lock)
        {
            return _byToken.GetValueOrDefault(token);
        }
    }

    /// <summary>
    /// A connection ended: its session ends with it or waits, and its will goes out now or after its delay.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="link">The connection.</param>
    /// <param name="expiry">The session's new expiry in seconds, or null for the one that it has.</param>
    /// <param name="publishWill">False after a DISCONNECT that leaves the will out, and at a stop.</param>
    public void End(MqttSession session, SessionLink link, uint? expiry, bool publishWill)
    {
        lock (_lock)
        {
            if (!session.Detach(link))
            {
                // Taken over: whoever did has seen to the will.
                return;
            }

            session.Will = publishWill ? session.Will : null;
            SetExpiry(session, Math.Min(expiry ?? session.ExpirySeconds, LongestExpiry));
            Rest(session);
        }
    }

    /// <summary>A client says good-bye: its will is not to be published.</summary>
    public void DropWill(MqttSession session, SessionLink link)
    {
        lock (_lock)
        {
            if (session.Has(link))
            {
                session.Will = null;
            }
        }
    }

    /// <summary>Keeps a session's subscriptions and will as they are now; ends when they are durable.</summary>
    /// <returns>False when the store could not take them.</returns>
    public Task<bool> KeepAsync(MqttSession session)
    {
        lock (_lock)
        {
            // A session that was discarded meanwhile must not come back by its row.
            if (!IsKept(session) || !IsCurrent(session))
            {
                return Task.FromResult(true);
            }

            session.IsStored = true;
            return _rows.WriteAsync(Change(session));
        }
    }

    /// <summary>Ends the sessions whose time is over, and publishes the wills whose delay is.</summary>
    public void Sweep()
    {
        long now = _clock.GetTimestamp();
        lock (_lock)
        {
            ForgetStored(now);
            ForgetGiven(now);
            while (_deadlines.TakeDue(now) is { } session)
            {
                if (session.WillDueAt <= now)
                {
                    PublishWill(session);
                }

                if (session.EndsAt <= now)
                {
                    Discard(session);
                }
                else
                {
                    _deadlines.Set(session, session.EndsAt);
                }
            }
        }
    }

    private Begun GoOn(
        MqttSession session, SessionLink link, ConnectPacket connect, uint expiry, SessionClaim claim)
    {
        if (expiry > 0 && session.ExpirySeconds == 0 && IsFull)
        {
            return Begun.Refused(BeginRefusal.Full);
        }

        // Section 3.1.3.2.2: whoever goes on with the session before the delay is over, stops the will. It stands
        // before anything that the new connection publishes.
        if (session is { Will.Delay: 0 })
        {
            PublishWill(session);
        }

        session.Claim = claim;
        session.EndedAt = null;
        session.EndsAt = null;
        _deadlines.Set(session, null);
        Attach(session, link, connect, expiry);
        return new Begun(session, true);
    }

    private void Attach(MqttSession session, SessionLink link, ConnectPacket connect, uint expiry)
    {
        SetExpiry(session, expiry);
        session.Will = connect.Will;
        session.WillAt = null;
        session.WillDueAt = null;
        session.Attach(link, connect.ReceiveMaximum);
        if (connect.Will is null && !_leaving.ContainsKey(session.Client))
        {
            // Else its row still holds a will that is not out yet, or is written and awaited with its own.
            Post(session);
        }
    }

    /// <summary>Begins a session, with what a row says where there is one.</summary>
    private Begun BeginNew(
        string client, StoredSession? row, SessionLink link, ConnectPacket connect, uint expiry, SessionClaim claim)
    {
        if (expiry > 0 && row is null && IsFull)
        {
            return Begun.Refused(BeginRefusal.Full);
        }

        MqttSession session = Open(client, claim);
        bool isPresent = row is not null && Restore(session, row);
        Attach(session, link, connect, expiry);
        return new Begun(session, isPresent);
    }

    private MqttSession Open(string client, SessionClaim claim)
    {
        long number = Interlocked.Increment(ref _numbers);
        MqttSession session = new(client, _peers.Token(number), number, _limits) { Claim = claim };
        _sessions[client] = session;
        _byToken[session.Token] = session;
        return session;
    }

    private bool Restore(MqttSession session, StoredSession row)
    {
        session.IsStored = true;
        try
        {
            foreach (Subscription subscription in SessionState.Read(session, row.State))
            {
                session.TrySubscribe(subscription, out _);
                _subscriptions.Add(subscription, null);
            }

            // Its connection, which comes in a moment, asks for what it missed: whoever asked for a session without one
            // would ask in vain.
            session.NoteLost();
            return true;
        }
        catch (Exception e) when (e is TwinGridException or EndOfStreamException or FormatException)
        {
            LogUnreadable(e, session.Client);
            return false;
        }
    }

    private void SetExpiry(MqttSession session, uint seconds)
    {
        _lasting += (seconds > 0 ? 1 : 0) - (session.ExpirySeconds > 0 ? 1 : 0);
        session.ExpirySeconds = seconds;
    }

    /// <summary>Lets a session wait for its client, if it may.</summary>
    private void Rest(MqttSession session)
    {
        if (session.ExpirySeconds == 0)
        {
            Discard(session);
            return;
        }

        session.EndedAt = UnixMicroseconds.Now(_clock);
        session.EndsAt = In(TimeSpan.FromSeconds(session.ExpirySeconds));
        if (session.Will is { Delay: > 0 } will)
        {
            session.WillDueAt = Math.Min(In(TimeSpan.FromSeconds(will.Delay)), session.EndsAt.Value);
        }
        else
        {
            PublishWill(session);
        }

        _deadlines.Set(session, session.WillDueAt ?? session.EndsAt);
        if (!_leaving.ContainsKey(session.Client))
        {
            Post(session);
        }
    }

    /// <summary>Forgets a session; its will, where one waits, is due with it (section 3.1.2.5).</summary>
    private void Discard(MqttSession session)
    {
        Forget(session);
        if (session.Will is not null)
        {
            // Its row goes when that is out.
            PublishWill(session);
        }
        else
        {
            Post(session);
        }
    }

    /// <summary>Has a session no more; its row stays as it is.</summary>
    private void Forget(MqttSession session)
    {
        SetExpiry(session, 0);
        _deadlines.Set(session, null);
        _sessions.Remove(session.Client);
        _byToken.Remove(session.Token);
        _subscriptions.RemoveAll(session);
        session.Drop();
    }

    private bool IsFull => _stored.Count + _lasting >= _limits.Sessions;

    /// <summary>The clock's timestamp so far from now: deadlines must not follow jumps of the wall clock.</summary>
    private long In(TimeSpan span) =>
        _clock.GetTimestamp() + (long)(span.TotalSeconds * _clock.TimestampFrequency);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "the stored session of '{Client}' cannot be read; it begins anew")]
    private partial void LogUnreadable(Exception exception, string client);
}
