using MQTTnet;
using MQTTnet.Protocol;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// One connection to the outside broker, from CONNECT to its end; never used again, so that no acknowledgement of an
/// old one reaches a new one, where its number may stand for another message. Thread-safe.
/// </summary>
internal sealed class BrokerConnection : IAsyncDisposable
{
    private static readonly MqttClientFactory Factory = new();

    private readonly IMqttClient _client;
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private BrokerConnection(IMqttClient client)
    {
        _client = client;
        client.DisconnectedAsync += disconnected =>
        {
            _ended.TrySetResult(disconnected.ReasonString is { Length: > 0 } why
                ? $"{disconnected.Reason}: {why}"
                : disconnected.Exception?.Message ?? disconnected.Reason.ToString());
            return Task.CompletedTask;
        };
    }

    /// <summary>Ends with the connection, and says why it ended.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>True when the broker had the session from before.</summary>
    public bool IsSessionPresent { get; private set; }

    /// <summary>How many messages of QoS 1 the broker takes at once.</summary>
    public int ReceiveMaximum { get; private set; }

    /// <summary>Connects.</summary>
    /// <param name="options">As whom and where.</param>
    /// <param name="received">
    /// Called for each message, one at a time in the order in which they came, from before the answer to CONNECT on: a
    /// session that the broker has begins to send at once.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TwinGridException">The broker refuses.</exception>
    public static async Task<BrokerConnection> OpenAsync(
        MqttClientOptions options,
        Func<MqttApplicationMessageReceivedEventArgs, Task> received,
        CancellationToken cancellationToken)
    {
        IMqttClient client = Factory.CreateMqttClient();
        try
        {
            BrokerConnection connection = new(client);
            client.ApplicationMessageReceivedAsync += received;
            MqttClientConnectResult result = await InTimeAsync(
                token => client.ConnectAsync(options, token), options.Timeout, cancellationToken);
            if (result.ResultCode != MqttClientConnectResultCode.Success)
            {
                throw new TwinGridException($"the broker refuses: {result.ResultCode} {result.ReasonString}".TrimEnd());
            }

            connection.IsSessionPresent = result.IsSessionPresent;
            connection.ReceiveMaximum = result.ReceiveMaximum is > 0 and var most ? most : ushort.MaxValue;
            return connection;
        }
        catch
        {
            client.Dispose();
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
            token => _client.SubscribeAsync(options, token), _client.Options.Timeout, cancellationToken);
        foreach (MqttClientSubscribeResultItem item in result.Items)
        {
            if (item.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2)
            {
                throw new TwinGridException($"the broker refuses the subscription of '{filter}': {item.ResultCode}");
            }
        }
    }

    /// <summary>Publishes; ends with the broker's acknowledgement.</summary>
    public Task<MqttClientPublishResult> PublishAsync(
        MqttApplicationMessage message, CancellationToken cancellationToken) =>
        _client.PublishAsync(message, cancellationToken);

    // Given a token, the library knows no time but the token's.
    private static async Task<T> InTimeAsync<T>(
        Func<CancellationToken, Task<T>> ask, TimeSpan patience, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        either.CancelAfter(patience);
        try
        {
            return await ask(either.Token);
        }
        catch (Exception e) when (either.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TwinGridException($"the broker did not answer in {patience.TotalSeconds:0} s", e);
        }
    }

    /// <summary>Says goodbye, where somebody still hears it; the session stays as long as it was to.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_client.IsConnected)
        {
            await _client.DisconnectAsync(new MqttClientDisconnectOptions(), CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _client.Dispose();
    }
}
