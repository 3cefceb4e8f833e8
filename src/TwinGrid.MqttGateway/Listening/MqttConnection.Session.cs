using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Packets;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Listening;

/// <content>How it comes to its session, and what the session subscribes.</content>
internal sealed partial class MqttConnection
{
    /// <summary>The longest client identifier, UTF-8 bytes.</summary>
    private const int MaxClientId = 1_024;

    /// <summary>
    /// Seconds of keep-alive that an MQTT 5 client which wants none is given (section 3.2.2.3.14), so that its twins
    /// do not stay online for ever when it dies; an MQTT 3.1.1 client's socket is asked by TCP instead.
    /// </summary>
    private const ushort ImposedKeepAlive = 300;

    private const string Shared = "$share/";

    private TimeSpan _keepAlive;

    /// <summary>Ends the connection where a deadline is over: its CONNECT's, its keep-alive's, a packet's.</summary>
    public void Check()
    {
        if (_session is null)
        {
            if (_parts.Clock.GetElapsedTime(_openedAt) > ConnectDeadline)
            {
                Cut("no CONNECT in time");
            }
        }
        else if (_keepAlive > TimeSpan.Zero && _watch.Silence > _keepAlive)
        {
            End(new Ending("keep-alive", ReasonCode.KeepAliveTimeout, "nothing came for one and a half keep-alives"));
        }
        else if (_watch.IsTooSlow)
        {
            Cut("slow packet");
        }
        else if (_output.Stalled > StalledLimit)
        {
            // What waits to be sent would hold up the socket's end: it is thrown away.
            Cut("does not read");
            _context.Abort();
        }
    }

    private async Task ConnectAsync(ConnectPacket connect)
    {
        if (connect.ClientId.Length == 0 && connect.Version == ProtocolVersion.V311 && !connect.CleanStart)
        {
            RefuseConnect(new PacketFault(
                ReasonCode.ClientIdentifierNotValid, "a session that stays needs a client identifier"));
            return;
        }

        if (Encoding.UTF8.GetByteCount(connect.ClientId) > MaxClientId)
        {
            RefuseConnect(new PacketFault(
                ReasonCode.ClientIdentifierNotValid, $"a client identifier has at most {MaxClientId} bytes"));
            return;
        }

        _connect = connect;
        _output.Largest = connect.MaximumPacketSize;
        string client = connect.ClientId.Length == 0 ? _parts.Sessions.NewClientId() : connect.ClientId;
        Begun begun = await BeginAsync(client, connect);
        if (begun.Session is null)
        {
            return;
        }

        _session = begun.Session;
        _presence = _parts.Farewells.Begin(_session);
        SetKeepAlive(connect);
        _output.Write(output => PacketWriter.ConnAck(
            output, connect.Version, Accepted(connect, begun.IsPresent), _output.Largest));
        _output.Open(new SessionDeliveries(
            _session, _link, connect.Version, connect.MaximumPacketSize, _parts.Clock));
        if (begun.IsPresent)
        {
            bool hasLost = _session.TakeLost();
            foreach (Subscription subscription in _session.Subscriptions())
            {
                _parts.Subscriptions.CatchUp(subscription, hasLost);
            }
        }
    }

    private async Task<Begun> BeginAsync(string client, ConnectPacket connect)
    {
        try
        {
            Begun begun = await _parts.Sessions.BeginAsync(client, connect, _link);
            if (begun.Refusal == BeginRefusal.Full)
            {
                RefuseConnect(new PacketFault(
                    ReasonCode.QuotaExceeded, "the grid has as many sessions as TwinGrid:Limits:Sessions allows"));
            }
            else if (begun.Refusal == BeginRefusal.Superseded)
            {
                // 0x8E is for a connection that was accepted (section 3.2.2.2): this one never was.
                RefuseConnect(new PacketFault(
                    ReasonCode.ServerBusy, "a client of the same identifier connected at another gateway meanwhile"));
            }

            else if (begun.Refusal == BeginRefusal.NotKept)
            {
                RefuseConnect(new PacketFault(
                    ReasonCode.ServerUnavailable, "the store could not keep the will; try again"));
            }

            return begun;
        }
        catch (Exception e)
        {
            _parts.Log.NoSession(e, client);
            RefuseConnect(new PacketFault(ReasonCode.ServerUnavailable, "the store does not answer; try again"));
            return default;
        }
    }

    private ConnAckPacket Accepted(ConnectPacket connect, bool isPresent) => new()
    {
        Reason = ReasonCode.Success,
        SessionPresent = isPresent,
        SessionExpiry = _session!.ExpirySeconds == connect.SessionExpiry ? null : _session.ExpirySeconds,
        ReceiveMaximum = (ushort)Math.Min(ushort.MaxValue, _parts.Limits.InFlightPerConnection),
        MaximumPacketSize = (uint)_parts.Limits.PacketBytes,
        AssignedClientId = connect.ClientId.Length == 0 ? _session.Client : null,
        TopicAliasMaximum = MaxAliases,
        ServerKeepAlive = connect.KeepAlive == 0 ? ImposedKeepAlive : null,
        SharedSubscriptionAvailable = false,
    };

    private void SetKeepAlive(ConnectPacket connect)
    {
        if (connect.KeepAlive > 0)
        {
            _keepAlive = TimeSpan.FromSeconds(connect.KeepAlive * 1.5);
        }
        else if (connect.Version == ProtocolVersion.V5)
        {
            _keepAlive = TimeSpan.FromSeconds(ImposedKeepAlive * 1.5);
        }
        else if (_context.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, ImposedKeepAlive);
        }
    }

    private async Task SubscribeAsync(SubscribePacket packet)
    {
        ReasonCode[] reasons = new ReasonCode[packet.Subscriptions.Count];
        List<(Subscription Granted, Subscription? Replaced)> granted = [];
        for (int i = 0; i < reasons.Length; i++)
        {
            reasons[i] = Subscribe(packet.Subscriptions[i], packet.SubscriptionIdentifier, granted);
        }

        if (granted.Count > 0 && !await _parts.Sessions.KeepAsync(_session!))
        {
            // The store could not keep them: better none than some that a restart forgets.
            foreach ((Subscription subscription, Subscription? replaced) in granted)
            {
                Unsubscribe(subscription.Filter.Text);
                if (replaced is not null && _session!.TrySubscribe(replaced, out _))
                {
                    _parts.Subscriptions.Add(replaced, null);
                }
            }

            granted.Clear();
            Array.Fill(reasons, ReasonCode.UnspecifiedError);
        }

        // From SUBACK on the client hears what twins tell, on whichever silo they are.
        await _parts.Peers.SpreadAsync();
        _output.Write(output => PacketWriter.SubAck(output, _output.Version, packet.PacketId, reasons));
        foreach ((Subscription subscription, Subscription? replaced) in granted)
        {
            bool withRetained = subscription.Request.RetainHandling is RetainHandling.Always
                || (subscription.Request.RetainHandling is RetainHandling.IfNew && replaced is null);
            _parts.Subscriptions.CatchUp(subscription, withRetained);
            if (withRetained)
            {
                _parts.OpenTopics.SendRetained(subscription);
            }
        }
    }

    private ReasonCode Subscribe(
        SubscriptionRequest request, uint identifier, List<(Subscription Granted, Subscription? Replaced)> granted)
    {
        if (request.Filter.StartsWith(Shared, StringComparison.Ordinal))
        {
            return IsWellFormedShare(request.Filter)
                ? ReasonCode.SharedSubscriptionsNotSupported
                : ReasonCode.TopicFilterInvalid;
        }

        if (TopicFilter.Parse(request.Filter) is not { } filter)
        {
            return ReasonCode.TopicFilterInvalid;
        }

        Subscription subscription = new(_session!, filter, request, identifier);
        if (!_session!.TrySubscribe(subscription, out Subscription? replaced))
        {
            return ReasonCode.QuotaExceeded;
        }

        _parts.Subscriptions.Add(subscription, replaced);
        granted.Add((subscription, replaced));
        return (ReasonCode)request.Qos;
    }

    /// <summary><c>$share/{name}/{filter}</c> with a name without wildcards (section 4.8.2).</summary>
    private static bool IsWellFormedShare(string filter)
    {
        int slash = filter.IndexOf('/', Shared.Length);
        return slash > Shared.Length
            && slash < filter.Length - 1
            && !filter.AsSpan(Shared.Length, slash - Shared.Length).ContainsAny('+', '#')
            && TopicFilter.Parse(filter[(slash + 1)..]) is not null;
    }

    private async Task UnsubscribeAsync(UnsubscribePacket packet)
    {
        ReasonCode[] reasons = new ReasonCode[packet.Filters.Count];
        for (int i = 0; i < reasons.Length; i++)
        {
            reasons[i] = Unsubscribe(packet.Filters[i]) ? ReasonCode.Success : ReasonCode.NoSubscriptionExisted;
        }

        bool isChanged = Array.Exists(reasons, reason => reason == ReasonCode.Success);
        if (isChanged && !await _parts.Sessions.KeepAsync(_session!))
        {
            _parts.Log.NotKept(Client);
        }

        _output.Write(output => PacketWriter.UnsubAck(output, _output.Version, packet.PacketId, reasons));
    }

    private bool Unsubscribe(string filter)
    {
        if (_session!.Unsubscribe(filter) is not { } removed)
        {
            return false;
        }

        _parts.Subscriptions.Remove(removed);
        return true;
    }
}
