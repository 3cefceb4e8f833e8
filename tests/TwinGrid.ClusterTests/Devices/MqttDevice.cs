using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace TwinGrid.ClusterTests.Devices;

/// <summary>A device, or any other client, on a real socket.</summary>
internal sealed class MqttDevice : IAsyncDisposable
{
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly Channel<MqttMessage> _received = Channel.CreateUnbounded<MqttMessage>();
    private readonly List<MqttMessage> _history = [];

    private MqttDevice()
    {
        _client.ApplicationMessageReceivedAsync += args =>
        {
            var message = new MqttMessage(args.ApplicationMessage);
            lock (_history)
            {
                _history.Add(message);
            }

            _received.Writer.TryWrite(message);
            return Task.CompletedTask;
        };
    }

    /// <summary>Everything that it received so far.</summary>
    public IReadOnlyList<MqttMessage> History
    {
        get
        {
            lock (_history)
            {
                return [.. _history];
            }
        }
    }

    /// <summary>Connects.</summary>
    public static async Task<MqttDevice> ConnectAsync(
        int port,
        string? clientId = null,
        MqttProtocolVersion version = MqttProtocolVersion.V311,
        Action<MqttClientOptionsBuilder>? configure = null)
    {
        var device = new MqttDevice();
        MqttClientOptionsBuilder options = new MqttClientOptionsBuilder()
            .WithTcpServer("127.0.0.1", port)
            .WithProtocolVersion(version)
            .WithTimeout(TimeSpan.FromSeconds(20))
            .WithClientId(clientId ?? $"test-{Guid.NewGuid():N}");
        configure?.Invoke(options);
        MqttClientConnectResult result = await device._client.ConnectAsync(options.Build());
        Assert.Equal(MqttClientConnectResultCode.Success, result.ResultCode);
        return device;
    }

    /// <summary>Publishes with QoS 1; ends with the PUBACK, which must be a success.</summary>
    public async Task PublishAsync(string topic, string payload)
    {
        MqttClientPublishResult result = await TryPublishAsync(topic, payload);
        Assert.True(result.IsSuccess, $"{topic}: {result.ReasonCode} {result.ReasonString}");
    }

    /// <summary>Publishes with QoS 1; ends with the PUBACK.</summary>
    public Task<MqttClientPublishResult> TryPublishAsync(string topic, string payload, bool duplicate = false)
    {
        MqttApplicationMessage message = new MqttApplicationMessageBuilder()
            .WithTopic(topic)
            .WithPayload(payload)
            .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
            .Build();
        message.Dup = duplicate;
        return _client.PublishAsync(message);
    }

    /// <summary>Publishes with QoS 0; ends when it is sent.</summary>
    public Task ThrowAsync(string topic, string payload) => _client.PublishAsync(
        new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload).Build());

    /// <summary>Subscribes with QoS 1; ends with the SUBACK.</summary>
    public async Task SubscribeAsync(string filter)
    {
        MqttClientSubscribeResult result =
            await _client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce);
        Assert.All(result.Items, static item => Assert.True((int)item.ResultCode <= 2, $"{item.ResultCode}"));
    }

    /// <summary>The next message that was not taken yet.</summary>
    public async Task<MqttMessage> NextAsync(string what)
    {
        using var deadline = new CancellationTokenSource(Eventually.Patience);
        try
        {
            return await _received.Reader.ReadAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"No message came: waited for {what}");
        }
    }

    /// <summary>The next message on a topic that ends so; what comes before it is dropped.</summary>
    public async Task<MqttMessage> NextOnAsync(string topicEnd)
    {
        MqttMessage message;
        do
        {
            message = await NextAsync($"a topic that ends in {topicEnd}");
        }
        while (!message.Topic.EndsWith(topicEnd, StringComparison.Ordinal));
        return message;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_client.IsConnected)
            {
                await _client.DisconnectAsync();
            }
        }
        catch (MqttCommunicationException)
        {
            // The silo was killed since we looked: there is nobody to say good-bye to.
        }

        _client.Dispose();
    }
}
