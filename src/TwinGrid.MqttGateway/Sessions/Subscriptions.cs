using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.MqttGateway.Sessions;

/// <summary>
/// Who listens to which topics: brings messages to whoever's filters match, and asks twins for what a new listener is
/// owed, its waiting commands and what is retained. Thread-safe.
/// </summary>
internal sealed class Subscriptions(CatchUp catchUp, LocalInterest interest, IOptions<MqttOptions> options)
{
    private static readonly Counter<long> Overflow = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.subscriber.overflow", "{message}", "messages that a subscriber was too slow for, by kind");

    private static readonly KeyValuePair<string, object?> Lasting = new("kind", "lasting");
    private static readonly KeyValuePair<string, object?> Fleeting = new("kind", "fleeting");

    private readonly TopicTree<Subscription> _tree = new();
    private readonly string _root = options.Value.TopicRoot;

    /// <summary>True when a subscriber's filter matches the topic of such an effect; allocates nothing.</summary>
    public bool Hear(TwinId twin, EffectKind kind, string name) =>
        Hearing.Matches(_tree, _root, twin, kind, name);

    /// <summary>Adds a subscription that was granted, in place of one of the same session to the same filter.</summary>
    public void Add(Subscription subscription, Subscription? replaced)
    {
        if (_tree.Add(subscription.Filter, subscription))
        {
            interest.Add(subscription.Filter);
        }

        if (replaced is not null)
        {
            Remove(replaced);
        }
    }

    /// <summary>
    /// Asks twins for what a subscription is owed: the commands that wait for its device, and what is retained.
    /// </summary>
    public void CatchUp(Subscription subscription, bool withRetained)
    {
        TopicFilter filter = subscription.Filter;
        MqttSession recipient = subscription.Session;
        if (filter.DeviceOf(_root) is { } twin)
        {
            catchUp.Commands(twin, recipient);
        }

        if (withRetained && (filter.Covers(_root, TopicNames.Alarms) || filter.Covers(_root, TopicNames.Properties)))
        {
            catchUp.Retained(filter, recipient);
        }
    }

    /// <summary>Twins may have something retained that was not heard of: the next who asks finds out.</summary>
    public void ForgetFleet() => catchUp.ForgetFleet();

    /// <summary>Takes a subscription away.</summary>
    public void Remove(Subscription subscription)
    {
        if (_tree.Remove(subscription.Filter, subscription))
        {
            interest.Remove(subscription.Filter);
        }
    }

    /// <summary>Forgets a session that has ended; the session itself still knows its filters.</summary>
    public void RemoveAll(MqttSession session)
    {
        foreach (Subscription subscription in session.Subscriptions())
        {
            Remove(subscription);
        }
    }

    /// <summary>Brings a message to every session with a filter that matches, once to each (section 3.3.4).</summary>
    public void Publish(OutgoingMessage message)
    {
        List<Subscription> matches = [];
        _tree.Collect(message.Topic.Split('/'), matches);
        if (matches.Count == 1)
        {
            Send(message, CollectionsMarshal.AsSpan(matches), isRetained: false);
        }
        else if (matches.Count > 1)
        {
            foreach (IGrouping<MqttSession, Subscription> session in matches.GroupBy(match => match.Session))
            {
                Send(message, session.ToArray(), isRetained: false);
            }
        }
    }

    /// <summary>
    /// Brings a command to the sessions of its twin's device: whoever observes has seen it. One that a session owes its
    /// client already it does not take.
    /// </summary>
    public void PublishToDevices(TwinId twin, OutgoingMessage message)
    {
        List<Subscription> matches = [];
        _tree.Collect(message.Topic.Split('/'), matches);
        foreach (IGrouping<MqttSession, Subscription> session in matches.GroupBy(match => match.Session))
        {
            if (session.Key.IsDeviceOf(twin, _root))
            {
                Send(message, session.ToArray(), isRetained: false);
            }
        }
    }

    /// <summary>Brings a message to one session, which asked for it by subscribing.</summary>
    public void PublishTo(MqttSession session, OutgoingMessage message)
    {
        List<Subscription> matches = [];
        _tree.Collect(message.Topic.Split('/'), matches);
        matches.RemoveAll(match => match.Session != session);
        if (matches.Count > 0)
        {
            Send(message, CollectionsMarshal.AsSpan(matches), isRetained: message.Retain, isAskedFor: true);
        }
    }

    /// <summary>Takes a command back from every session that waits to send it.</summary>
    /// <returns>False when a session of its device has sent it already.</returns>
    public bool TryRecall(TwinId twin, string topic, string commandId)
    {
        List<Subscription> matches = [];
        _tree.Collect(topic.Split('/'), matches);
        bool isWithdrawn = true;
        foreach (MqttSession session in matches.Select(match => match.Session).Distinct())
        {
            // What an observer was sent counts for nothing.
            isWithdrawn &= session.TryRecall(commandId) || !session.IsDeviceOf(twin, _root);
        }

        return isWithdrawn;
    }

    /// <summary>Brings what is retained to one subscription.</summary>
    public static void SendRetained(Subscription subscription, OutgoingMessage message) =>
        Send(message, new ReadOnlySpan<Subscription>(in subscription), isRetained: true, isAskedFor: true);

    private static void Send(
        OutgoingMessage message, ReadOnlySpan<Subscription> matches, bool isRetained, bool isAskedFor = false)
    {
        byte granted = 0;
        bool asPublished = false;
        List<uint>? identifiers = null;
        bool isWanted = false;
        foreach (Subscription match in matches)
        {
            if (match.Request.NoLocal && match.Session.Client == message.Publisher)
            {
                continue;
            }

            isWanted = true;
            granted = Math.Max(granted, match.Request.Qos);
            asPublished |= match.Request.RetainAsPublished;
            if (match.Identifier != 0)
            {
                (identifiers ??= []).Add(match.Identifier);
            }
        }

        if (isWanted)
        {
            byte qos = Math.Min(message.Qos, granted);
            bool retain = isRetained || (asPublished && message.Retain);
            Count(matches[0].Session.Send(message, qos, retain, identifiers?.ToArray(), isAskedFor), qos);
        }
    }

    private static void Count(Offer offer, byte qos)
    {
        if (offer != Offer.Taken)
        {
            Overflow.Add(1, qos > 0 ? Lasting : Fleeting);
        }
    }
}
