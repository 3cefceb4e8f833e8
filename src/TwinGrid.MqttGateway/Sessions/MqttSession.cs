using System.Diagnostics.CodeAnalysis;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// A client's session (MQTT 5 section 4.1): its subscriptions, what it is owed, and what it sent with QoS 2 and did not
/// release yet. It lives while its connection does, and as long after as the client asked for. Thread-safe.
/// </summary>
/// <param name="client">The MQTT client identifier.</param>
/// <param name="token">Names the session to twins that publish to it alone; never used twice.</param>
/// <param name="number">The token's number.</param>
/// <param name="limits">Bounds.</param>
internal sealed partial class MqttSession(string client, string token, long number, LimitOptions limits)
{
    private readonly Lock _lock = new();
    private readonly Outbox _outbox = new(limits.QueuedPerSession);
    private Dictionary<string, Subscription>? _subscriptions;
    private SessionLink? _link;
    private Queue<Action>? _waitForRoom;
    private bool _hasLost;

    /// <summary>The MQTT client identifier.</summary>
    public string Client => client;

    /// <summary>What twins that publish to this session alone name it by.</summary>
    public string Token => token;

    /// <summary>By which claim this gateway has it. Guarded by the registry.</summary>
    public SessionClaim Claim { get; set; } = SessionClaim.None;

    /// <summary>Seconds that it lives after its connection ended; 0 ends it with the connection.</summary>
    public uint ExpirySeconds { get; set; }

    /// <summary>When its connection ended, Unix microseconds; null while it has one. Guarded by the registry.</summary>
    public long? EndedAt { get; set; }

    /// <summary>When it ends without a connection, a timestamp of the clock; null while it has one.</summary>
    public long? EndsAt { get; set; }

    /// <summary>True when the store has, or will have, a row of it. Guarded by the registry.</summary>
    public bool IsStored { get; set; }

    /// <summary>
    /// The will of its connection, or the one that waits for its delay after it (MQTT 5 section 3.1.3.2.2). Guarded by
    /// the registry.
    /// </summary>
    public WillMessage? Will { get; set; }

    /// <summary>When publishing the will began, Unix microseconds; null before. Guarded by the registry.</summary>
    public long? WillAt { get; set; }

    /// <summary>When the will is due, a timestamp of the clock; null while its connection lives.</summary>
    public long? WillDueAt { get; set; }

    /// <summary>When something of it is due, a timestamp of the clock; null for nothing. The deadlines' own.</summary>
    public long? DueAt { get; set; }

    /// <summary>Its place among sessions that are due at the same time.</summary>
    public long Number => number;

    /// <summary>Gives the session a connection and ends the one that it had.</summary>
    /// <param name="link">The connection.</param>
    /// <param name="receiveMaximum">How many unacknowledged messages it takes.</param>
    public void Attach(SessionLink link, int receiveMaximum)
    {
        SessionLink? before;
        lock (_lock)
        {
            before = _link;
            _link = link;
            _outbox.ReceiveMaximum = Math.Min(receiveMaximum, limits.QueuedPerSession);
            _outbox.Resume();

            // Whoever waits for room waits for the connection before: this one asks anew.
            _hasLost |= _waitForRoom is not null;
            _waitForRoom = null;
        }

        before?.TakeOver();
    }

    /// <summary>Takes its connection from the session; false when it has another one by now.</summary>
    public bool Detach(SessionLink link)
    {
        lock (_lock)
        {
            if (_link != link)
            {
                return false;
            }

            _link = null;
            return true;
        }
    }

    /// <summary>Ends the session: its connection, if it has one, is told to go.</summary>
    public void Drop()
    {
        SessionLink? link;
        lock (_lock)
        {
            link = _link;
            _link = null;
        }

        link?.TakeOver();
    }

    /// <summary>Offers a message; never blocks.</summary>
    /// <param name="message">The message.</param>
    /// <param name="qos">As granted.</param>
    /// <param name="retain">The retain flag for this subscriber.</param>
    /// <param name="identifiers">The identifiers of its subscriptions that match.</param>
    /// <param name="isAskedFor">True for what the client asked for by subscribing.</param>
    /// <returns>Full when the session, connected, had to be ended for it.</returns>
    public Offer Send(
        OutgoingMessage message, byte qos, bool retain, ReadOnlyMemory<uint> identifiers, bool isAskedFor = false)
    {
        SessionLink? link;
        Offer offer;
        lock (_lock)
        {
            link = _link;
            if (IsUnwanted(message, qos, link))
            {
                return Offer.Taken;
            }

            OwedMessage delivery = new(message, qos, retain, identifiers);
            offer = _outbox.Add(delivery, isAskedFor);
            _hasLost |= offer == Offer.Full;
            if (offer == Offer.Full && link is null)
            {
                _outbox.DropOldest();
                _outbox.Add(delivery);
            }
        }

        if (offer == Offer.Full)
        {
            link?.Overflow();
        }
        else
        {
            link?.Wake();
        }

        return offer;
    }

    /// <summary>
    /// True when an alarm or the like went by for want of room since the last call: what stands must be told anew.
    /// </summary>
    public bool TakeLost()
    {
        lock (_lock)
        {
            bool hasLost = _hasLost;
            _hasLost = false;
            return hasLost;
        }
    }

    /// <summary>Something that it is owed may have gone by: when its client comes, what stands is told anew.</summary>
    public void NoteLost()
    {
        lock (_lock)
        {
            _hasLost = true;
        }
    }

    /// <summary>True when this is its connection.</summary>
    public bool Has(SessionLink link)
    {
        lock (_lock)
        {
            return _link == link;
        }
    }

    /// <summary>True when a message could be sent now.</summary>
    public bool HasNext(SessionLink link)
    {
        lock (_lock)
        {
            return _link == link && _outbox.HasNext;
        }
    }

    /// <summary>Takes the next message for a connection; none for one that was taken over.</summary>
    public bool TryTakeNext(SessionLink link, [NotNullWhen(true)] out OwedMessage? delivery)
    {
        Queue<Action>? next = null;
        bool isTaken;
        lock (_lock)
        {
            delivery = null;
            isTaken = _link == link && _outbox.TryTakeNext(out delivery);
            if (_waitForRoom is { Count: > 0 } && _outbox.HasRoom)
            {
                next = _waitForRoom;
                _waitForRoom = null;
            }
        }

        foreach (Action goOn in next ?? Enumerable.Empty<Action>())
        {
            goOn();
        }

        return isTaken;
    }

    /// <summary>
    /// Lets whoever would ask twins for what this session is owed wait until there is room for the answer.
    /// </summary>
    /// <param name="goOn">Called when there is room; must be short.</param>
    /// <returns>
    /// True when it has to wait; null when the session has no connection: its next one asks anew, as
    /// <see cref="TakeLost"/> tells it.
    /// </returns>
    public bool? MustWaitForRoom(Action goOn)
    {
        lock (_lock)
        {
            if (_link is null)
            {
                _hasLost = true;
                return null;
            }

            if (_outbox.HasRoom)
            {
                return false;
            }

            (_waitForRoom ??= new Queue<Action>()).Enqueue(goOn);
            return true;
        }
    }

    /// <inheritdoc cref="Outbox.TryRecall"/>
    public bool TryRecall(string command)
    {
        lock (_lock)
        {
            return _outbox.TryRecall(command);
        }
    }

    /// <inheritdoc cref="Outbox.SentCommands"/>
    public string[] SentCommands()
    {
        lock (_lock)
        {
            return _outbox.SentCommands();
        }
    }

    /// <inheritdoc cref="Outbox.NoteSent"/>
    public void NoteSent(string[] commands)
    {
        if (commands.Length > 0)
        {
            lock (_lock)
            {
                _outbox.NoteSent(commands);
            }
        }
    }

    /// <inheritdoc cref="Outbox.Discard"/>
    public void Discard(OwedMessage delivery)
    {
        lock (_lock)
        {
            _outbox.Discard(delivery);
        }
    }

    /// <inheritdoc cref="Outbox.MayAnswer"/>
    public bool MayAnswer(ushort packetId, byte qos)
    {
        lock (_lock)
        {
            return _outbox.MayAnswer(packetId, qos);
        }
    }

    /// <inheritdoc cref="Outbox.Acknowledge"/>
    public OwedMessage? Acknowledge(ushort packetId, byte qos)
    {
        lock (_lock)
        {
            return _outbox.Acknowledge(packetId, qos);
        }
    }

    /// <inheritdoc cref="Outbox.Receive"/>
    public OwedMessage? Receive(ushort packetId)
    {
        lock (_lock)
        {
            return _outbox.Receive(packetId);
        }
    }

    /// <summary>Adds a subscription, in place of one to the same filter.</summary>
    /// <returns>False when the session has as many as it may.</returns>
    public bool TrySubscribe(Subscription subscription, out Subscription? replaced)
    {
        lock (_lock)
        {
            _subscriptions ??= new Dictionary<string, Subscription>(StringComparer.Ordinal);
            if (!_subscriptions.TryGetValue(subscription.Filter.Text, out replaced)
                && _subscriptions.Count >= limits.FiltersPerSession)
            {
                return false;
            }

            _subscriptions[subscription.Filter.Text] = subscription;
            return true;
        }
    }

    /// <summary>Takes a subscription away; null where there was none.</summary>
    public Subscription? Unsubscribe(string filter)
    {
        lock (_lock)
        {
            return _subscriptions is not null && _subscriptions.Remove(filter, out Subscription? removed)
                ? removed : null;
        }
    }

    /// <summary>The subscriptions as they are.</summary>
    public Subscription[] Subscriptions()
    {
        lock (_lock)
        {
            return _subscriptions is null ? [] : [.. _subscriptions.Values];
        }
    }

    /// <summary>True when one of its filters is that of the twin's own device.</summary>
    /// <seealso cref="TopicFilter.DeviceOf"/>
    public bool IsDeviceOf(TwinId twin, string root)
    {
        lock (_lock)
        {
            foreach (Subscription subscription in _subscriptions?.Values ?? Enumerable.Empty<Subscription>())
            {
                if (subscription.Filter.DeviceOf(root) == twin)
                {
                    return true;
                }
            }

            return false;
        }
    }

    // Commands wait in their twins, which are asked when a device comes: a session without a connection keeps none,
    // and one that has it already is not sent it twice.
    private bool IsUnwanted(OutgoingMessage message, byte qos, SessionLink? link)
    {
        if (link is null && (qos == 0 || ExpirySeconds == 0 || message.CommandId is not null))
        {
            return true;
        }

        return message.CommandId is { } id && _outbox.HasCommand(id);
    }
}
