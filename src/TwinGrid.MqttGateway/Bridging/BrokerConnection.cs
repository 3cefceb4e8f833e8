using MQTTnet;
using MQTTnet.Protocol;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// One connection to the outside broker, from CONNECT to its end; never used again, so that no acknowledgement of an
/// old one reaches a new one, where its number may stand for another message. Thread-safe.
/// </summary>
internal sealed class BrokerConnection : IAsyncDisposable
{
    private readonly BrokerAccess _access;
    private readonly IMqttClient _client;
    private readonly BridgeHold _hold;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _over = new();
    private readonly TaskCompletionSource<TwinGridException> _ended =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task _living = Task.CompletedTask;

    private BrokerConnection(BrokerAccess access, IMqttClient client, BridgeHold hold)
    {
        (_access, _client, _hold, _clock) = (access, client, hold, access.Clock);
        client.DisconnectedAsync += disconnected =>
        {
            _ended.TrySetResult(WhyEnded(disconnected));
            return Task.CompletedTask;
        };
    }

    /// <summary>Ends with the connection, and says why it ended.</summary>
    public Task<TwinGridException> Ended => _ended.Task;

    /// <summary>True when the broker had the session from before.</summary>
    public bool IsSessionPresent { get; private set; }

    /// <summary>How many messages of QoS 1 the broker takes at once.</summary>
    public int ReceiveMaximum { get; private set; }

    /// <summary>Connects.</summary>
    /// <param name="access">As whom and where.</param>
    /// <param name="options">With which session.</param>
    /// <param name="hold">Bounds what is taken and not acknowledged.</param>
    /// <param name="received">
    /// Called for each message, one at a time in the order in which they came, from before the answer to CONNECT on: a
    /// session that the broker has begins to send at once.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridException">There is no broker, or it refuses.</exception>
    public static async Task<BrokerConnection> OpenAsync(
        BrokerAccess access,
        MqttClientOptions options,
        BridgeHold hold,
        Func<MqttApplicationMessageReceivedEventArgs, Task> received,
        CancellationToken cancellationToken)
    {
        BridgeChannelFactory channels = new(hold, BrokerAccess.KeepAlive);
        IMqttClient client = new MqttClientFactory().CreateMqttClient(channels);
        BrokerConnection connection = new(access, client, hold);
        try
        {
            client.ApplicationMessageReceivedAsync += received;
            MqttClientConnectResult result = await connection.ConnectAsync(options, cancellationToken);
            if (result.ResultCode != MqttClientConnectResultCode.Success)
            {
                throw new TwinGridException(access.WhyRefused(result));
            }

            connection.IsSessionPresent = result.IsSessionPresent;
            connection.ReceiveMaximum = result.ReceiveMaximum is > 0 and var most ? most : ushort.MaxValue;
            connection._living = connection.LiveAsync(channels.Channel!.KeepAlive / 2);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Subscribes; what this client itself publishes does not come back (MQTT 5 section 3.8.3.1).</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="qos">The most of a message's quality of service.</param>
    /// <param name="retained">When what is retained comes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridException">The broker refuses.</exception>
    public async Task SubscribeAsync(
        string filter,
        MqttQualityOfServiceLevel qos,
        MqttRetainHandling retained,
        CancellationToken cancellationToken)
    {
        MqttClientSubscribeOptions options = new MqttClientSubscribeOptionsBuilder()
            .WithTopicFilter(topic => topic
                .WithTopic(filter).WithQualityOfServiceLevel(qos).WithNoLocal().WithRetainHandling(retained))
            .Build();
        MqttClientSubscribeResult result = await InTimeAsync(
            token => _client.SubscribeAsync(options, token), cancellationToken);
        foreach (MqttClientSubscribeResultItem item in result.Items)
        {
            if (item.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2)
            {
                throw new TwinGridException($"the broker refuses the subscription of '{filter}': {item.ResultCode}");
            }

            if (item.ResultCode < (MqttClientSubscribeResultCode)qos)
            {
                throw new TwinGridException(
                    $"the broker grants only QoS 0 for '{filter}': what it sends would be lost with a connection");
            }
        }
    }

    /// <summary>
    /// Publishes; ends with the broker's acknowledgement. A broker that does not give it in time may answer pings as
    /// ever: the connection ends, for else those that wait for it would fill all places there are, and nothing would
    /// leave any more.
    /// </summary>
    /// <exception cref="TwinGridException">The broker did not acknowledge it in time.</exception>
    public async Task<MqttClientPublishResult> PublishAsync(
        MqttApplicationMessage message, CancellationToken cancellationToken)
    {
        try
        {
            return await InTimeAsync(token => _client.PublishAsync(message, token), cancellationToken);
        }
        catch (TwinGridException e)
        {
            _ended.TrySetResult(new TwinGridException($"what was published was not acknowledged: {e.Message}", e));
            throw;
        }
    }

    /// <summary>Says goodbye, where somebody still hears it; the session stays as long as it was to.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _living.ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (_client.IsConnected)
        {
            await _client.DisconnectAsync(new MqttClientDisconnectOptions(), CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _client.Dispose();
        _over.Dispose();
    }

    private async Task<MqttClientConnectResult> ConnectAsync(
        MqttClientOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await InTimeAsync(token => _client.ConnectAsync(options, token), cancellationToken);
        }
        catch (Exception e) when (e is not (TwinGridException or OperationCanceledException))
        {
            throw new TwinGridException(_access.WhyUnreachable(e), e);
        }
    }

    /// <summary>Lets the broker hear something, and ends the connection when it says nothing.</summary>
    private async Task LiveAsync(TimeSpan pause)
    {
        try
        {
            while (true)
            {
                await Task.Delay(pause, _clock, _over.Token);
                await PingAsync(pause);
            }
        }
        catch (Exception e) when (!_over.IsCancellationRequested)
        {
            _ended.TrySetResult(e as TwinGridException ?? new TwinGridException(e.Message, e));
        }
    }

    private async Task PingAsync(TimeSpan patience)
    {
        long since = _clock.GetTimestamp();
        using CancellationTokenSource late = new(patience, _clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(_over.Token, late.Token);
        try
        {
            await _client.PingAsync(either.Token);
        }
        catch (Exception e) when (late.IsCancellationRequested)
        {
            // The answer may stand behind messages that are not read yet; the broker heard the question.
            if (!_hold.WaitedSince(since))
            {
                throw Silent(patience, e);
            }
        }
    }

    /// <summary>
    /// An answer in time. While nothing is read that the broker sends its answer cannot come: that does not count.
    /// </summary>
    private async Task<T> InTimeAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<T> asked = ask(either.Token);
        while (true)
        {
            long since = _clock.GetTimestamp();
            try
            {
                return await asked.WaitAsync(BrokerAccess.Patience, _clock, cancellationToken);
            }
            catch (TimeoutException) when (!asked.IsCompleted && _hold.WaitedSince(since) && !Ended.IsCompleted)
            {
                // It may stand behind messages that are not read yet.
            }
            catch (TimeoutException e) when (!asked.IsCompleted)
            {
                await either.CancelAsync();
                asked.Ignore();
                throw Silent(BrokerAccess.Patience, e);
            }
        }
    }

    private static TwinGridException Silent(TimeSpan patience, Exception e) =>
        new($"the broker did not answer in {patience.TotalSeconds:0} s", e);

    private TwinGridException WhyEnded(MqttClientDisconnectedEventArgs end) => end switch
    {
        { Reason: MqttClientDisconnectReason.SessionTakenOver } => new SessionTakenOverException(
            $"another client connected with the same client id: {OwnName}"),
        { ReasonString: { Length: > 0 } said } => new TwinGridException($"{end.Reason}: {said}"),
        { Exception: { } e } => new TwinGridException(_access.WhyUnreachable(e), e),
        { Reason: not MqttClientDisconnectReason.NormalDisconnection } =>
            new TwinGridException($"the broker ended the connection: {end.Reason}"),

        // mosquitto 2.0.11 closes without a word the connection of a client that connects a second time.
        _ => new TwinGridException(
            $"the broker closed the connection: it stopped, or another client has the same client id; {OwnName}"),
    };

    private const string OwnName =
        $"where that is another grid, give each a {MqttBridgeOptions.Section}:ClientId of its own";
}
