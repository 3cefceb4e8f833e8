using System.Buffers;
using System.Collections;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MQTTnet;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MQTTnet.Server;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// The front door of twins: MQTT 3.1.1 and 5 on a Kestrel of its own, so that a host's own Kestrel stays untouched.
/// Everything that knows MQTTnet is here and in this folder; what a message means is decided elsewhere.
/// </summary>
internal sealed partial class MqttListener : IDisposable
{
    /// <summary>How long a client may take for its CONNECT, and a DISCONNECT for its way out.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly object SessionKey = new();

    private static readonly Counter<long> Overflow = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.subscriber.overflow", "{message}", "messages that a subscriber was too slow for, by kind");

    private readonly MessageIntake _intake;
    private readonly SessionRegistry _sessions;
    private readonly Subscriptions _subscriptions;
    private readonly CommandReceipts _receipts;
    private readonly MqttGatewayEndpoint _endpoint;
    private readonly MqttOptions _options;
    private readonly ILogger<MqttListener> _logger;
    private readonly Drain _publishes = new();
    private readonly MqttConnections _connections;
    private readonly MqttServer _server;
    private readonly KestrelServer _kestrel;
    private ListenOptions? _listen;
    private volatile bool _isEnding;

    public MqttListener(
        MessageIntake intake,
        SessionRegistry sessions,
        Subscriptions subscriptions,
        CommandReceipts receipts,
        MqttGatewayEndpoint endpoint,
        IOptions<MqttOptions> options,
        IOptions<LimitOptions> limits,
        TimeProvider clock,
        IServiceProvider services,
        ILoggerFactory loggers)
    {
        _intake = intake;
        _sessions = sessions;
        _subscriptions = subscriptions;
        _receipts = receipts;
        _endpoint = endpoint;
        _options = options.Value;
        _logger = loggers.CreateLogger<MqttListener>();
        _connections = new MqttConnections(sessions, _publishes, clock, limits.Value.PacketBytes);
        _server = new MqttServerFactory().CreateMqttServer(
            new MqttServerOptions { DefaultCommunicationTimeout = Patience }, [_connections]);
        _server.ValidatingConnectionAsync += OnConnectingAsync;
        _server.ClientConnectedAsync += OnConnectedAsync;
        _server.ClientDisconnectedAsync += OnDisconnectedAsync;
        _server.InterceptingPublishAsync += OnPublishAsync;
        _server.InterceptingSubscriptionAsync += OnSubscribingAsync;
        _server.ClientSubscribedTopicAsync += OnSubscribedAsync;
        _server.ClientUnsubscribedTopicAsync += OnUnsubscribedAsync;
        _server.ClientAcknowledgedPublishPacketAsync += OnAcknowledgedAsync;
        _server.QueuedApplicationMessageOverwrittenAsync += OnOverflowAsync;
        _kestrel = new KestrelServer(
            Options.Create(KestrelOptions(services)),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers),
            loggers);
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="TwinGridException">The address or port cannot be bound; the message names the key.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _server.StartAsync();
        try
        {
            await _kestrel.StartAsync(new NoHttp(), cancellationToken);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new TwinGridException(
                $"{MqttOptions.Section}:Port: port {_options.Port} of {_options.Address} is in use by another process; "
                + "choose another one, or 0 for any free port", e);
        }
        catch (SocketException e)
        {
            throw new TwinGridException(
                $"{MqttOptions.Section}:Address: {_options.Address}:{_options.Port} cannot be bound: {e.Message}", e);
        }

        _endpoint.Bound = _listen!.IPEndPoint;
        LogListening(_endpoint.Bound);
    }

    /// <summary>
    /// Stops gently: no new connections, no new publishes; those in flight are answered, then clients are told to go
    /// (MQTT 5 reason 0x8B) and their twins hear of it.
    /// </summary>
    /// <param name="cancellationToken">Ends the patience: what is left is cut.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _server.AcceptNewConnections = false;
        MqttServerStopOptions options = new();
        options.DefaultClientDisconnectOptions.ReasonCode = MqttDisconnectReasonCode.ServerShuttingDown;
        try
        {
            await _publishes.CloseAsync().WaitAsync(cancellationToken);
            _isEnding = true;
            await _server.StopAsync(options).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            LogCut();
        }

        await _kestrel.StopAsync(cancellationToken);
        await _sessions.StopAsync(cancellationToken);
        _endpoint.Bound = null;
    }

    /// <summary>Publishes to whoever subscribed.</summary>
    public Task PublishAsync(OutgoingMessage message) => _server.InjectApplicationMessage(
        new InjectedMqttApplicationMessage(new MqttApplicationMessage
        {
            Topic = message.Topic,
            Payload = new ReadOnlySequence<byte>(message.Payload),
            QualityOfServiceLevel = message.IsAcknowledged
                ? MqttQualityOfServiceLevel.AtLeastOnce
                : MqttQualityOfServiceLevel.AtMostOnce,
            Retain = message.IsRetained,
            MessageExpiryInterval = message.ExpirySeconds,
            ResponseTopic = message.ResponseTopic,
            CorrelationData = message.CorrelationData,
            ContentType = message.Payload.IsEmpty ? null : "application/json",
        })
        {
            SenderClientId = "",
        });

    /// <summary>Clears every retained message whose topic begins so, and tells subscribers by an empty one.</summary>
    public async Task ClearRetainedAsync(string prefix)
    {
        foreach (MqttApplicationMessage retained in await _server.GetRetainedMessagesAsync())
        {
            if (retained.Topic.StartsWith(prefix, StringComparison.Ordinal))
            {
                await PublishAsync(new OutgoingMessage
                {
                    Topic = retained.Topic,
                    Payload = default,
                    IsAcknowledged = true,
                    IsRetained = true,
                });
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _server.Dispose();
        _kestrel.Dispose();
    }

    private KestrelServerOptions KestrelOptions(IServiceProvider services)
    {
        KestrelServerOptions options = new() { ApplicationServices = services };
        options.Listen(_options.IPAddress, Math.Max(0, _options.Port), listen =>
        {
            _listen = listen;
            listen.Run(_connections.OnConnectedAsync);
        });
        return options;
    }

    private Task OnConnectingAsync(ValidatingConnectionEventArgs e)
    {
        if (string.IsNullOrEmpty(e.ClientId))
        {
            e.AssignedClientIdentifier = _sessions.NewClientId();
        }

        return Task.CompletedTask;
    }

    private Task OnConnectedAsync(ClientConnectedEventArgs e)
    {
        // After a takeover without a clean start MQTTnet goes on with the old session's items and subscriptions.
        e.SessionItems[SessionKey] = SessionOf(e.SessionItems) is { } takenOver
            ? _sessions.Begin(e.ClientId, takenOver)
            : _sessions.Begin(e.ClientId);
        return Task.CompletedTask;
    }

    private Task OnDisconnectedAsync(ClientDisconnectedEventArgs e)
    {
        if (SessionOf(e.SessionItems) is { } session)
        {
            _sessions.End(session);
        }

        return Task.CompletedTask;
    }

    private async Task OnPublishAsync(InterceptingPublishEventArgs e)
    {
        if (ReferenceEquals(e.SessionItems, _server.ServerSessionItems))
        {
            // The grid's own message, which goes to subscribers.
            return;
        }

        // Nothing that clients publish is relayed. Once all publishes are answered and the server stops, what still
        // comes are wills: MQTT 3.1.1 section 3.1.2.5 lets a stopping server leave them out, and the session's end
        // tells the twins the same.
        e.ProcessPublish = false;
        if (_isEnding || SessionOf(e.SessionItems) is not { } session)
        {
            e.CloseConnection = true;
            return;
        }

        MqttApplicationMessage message = e.ApplicationMessage;
        IntakeAnswer answer = await _intake.TakeAsync(session, new IncomingMessage(
            message.Topic ?? "",
            message.Payload.IsSingleSegment ? message.Payload.First : message.Payload.ToArray(),
            message.QualityOfServiceLevel != MqttQualityOfServiceLevel.AtMostOnce,
            message.ContentType));
        e.CloseConnection = !answer.Acknowledge;
        e.Response.ReasonCode = (MqttPubAckReasonCode)answer.Reason;
        e.Response.ReasonString = answer.Detail;
    }

    private Task OnSubscribingAsync(InterceptingSubscriptionEventArgs e)
    {
        TopicFilter? filter = TopicFilter.Parse(e.TopicFilter.Topic);
        if (filter is null)
        {
            e.Response.ReasonCode = MqttSubscribeReasonCode.TopicFilterInvalid;
        }
        else if (SessionOf(e.Session.Items)?.TryAddFilter(filter) is not true)
        {
            e.Response.ReasonCode = MqttSubscribeReasonCode.QuotaExceeded;
        }

        return Task.CompletedTask;
    }

    private Task OnSubscribedAsync(ClientSubscribedTopicEventArgs e)
    {
        if (SessionOf(e.SessionItems) is { } session && TopicFilter.Parse(e.TopicFilter.Topic) is { } filter)
        {
            _subscriptions.Add(session, filter);
        }

        return Task.CompletedTask;
    }

    private Task OnUnsubscribedAsync(ClientUnsubscribedTopicEventArgs e)
    {
        if (SessionOf(e.SessionItems) is { } session)
        {
            _subscriptions.Remove(session, e.TopicFilter);
        }

        return Task.CompletedTask;
    }

    private Task OnAcknowledgedAsync(ClientAcknowledgedPublishPacketEventArgs e)
    {
        if (SessionOf(e.SessionItems) is { } session)
        {
            _receipts.Acknowledged(session, e.PublishPacket.Topic, e.PublishPacket.CorrelationData);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// A subscriber that falls behind loses states and predictions; one that would lose an alarm or a command is
    /// disconnected, so that it subscribes again and is sent what stands.
    /// </summary>
    private async Task OnOverflowAsync(QueueMessageOverwrittenEventArgs e)
    {
        bool isLasting = e.Packet is MqttPublishPacket
        {
            QualityOfServiceLevel: > MqttQualityOfServiceLevel.AtMostOnce,
        };
        Overflow.Add(1, new KeyValuePair<string, object?>("kind", isLasting ? "lasting" : "fleeting"));
        if (!isLasting)
        {
            return;
        }

        LogTooSlow(e.ReceiverClientId);
        try
        {
            await _server.DisconnectClientAsync(
                e.ReceiverClientId,
                new MqttServerClientDisconnectOptions { ReasonCode = MqttDisconnectReasonCode.QuotaExceeded });
        }
        catch (InvalidOperationException)
        {
            // It is gone already.
        }
    }

    private static MqttSession? SessionOf(IDictionary items) => items[SessionKey] as MqttSession;

    [LoggerMessage(Level = LogLevel.Information, Message = "MQTT listens on {EndPoint}")]
    private partial void LogListening(IPEndPoint? endPoint);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "MQTT publishes or connections were cut: the time to stop ran out")]
    private partial void LogCut();

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the subscriber '{Client}' is too slow for the alarms and commands that it asked for: disconnected")]
    private partial void LogTooSlow(string client);

    /// <summary>
    /// Kestrel wants an application for HTTP; every connection here is taken before it would be asked.
    /// </summary>
    private sealed class NoHttp : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public Task ProcessRequestAsync(IFeatureCollection context) =>
            throw new InvalidOperationException("this port speaks MQTT only");

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
        }
    }
}
