using System.Buffers;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;

namespace WindFarm.Devices;

/// <summary>
/// A device as the grid meets it: a TCP connection of its own that speaks MQTT 5, publishes readings with QoS 1,
/// obeys commands, and connects again when the connection is lost.
/// </summary>
internal abstract class Device : IAsyncDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly MqttClientOptions _options;
    private readonly string _topic;
    private readonly HashSet<string> _commandsSeen = [];

    /// <summary>Makes a device.</summary>
    /// <param name="twin">The id of its twin, <c>kind/key</c>.</param>
    /// <param name="listener">Where the grid listens.</param>
    /// <param name="time">The clock.</param>
    protected Device(string twin, IPEndPoint listener, TimeProvider time)
    {
        Time = time;
        _topic = "twins/" + twin;
        _options = ClientOptions.For(listener, twin.Replace('/', ':'));
        _client.ApplicationMessageReceivedAsync += OnCommandAsync;
    }

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; }

    /// <summary>The number of the last message; with <see cref="Epoch"/> it makes readings unique.</summary>
    protected long Sequence { get; set; }

    /// <summary>When the device started, ms since 1970: a new one begins with each start.</summary>
    protected long Epoch { get; private set; }

    /// <summary>Publishes until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Epoch = Time.GetUtcNow().ToUnixTimeMilliseconds();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ConnectAsync(cancellationToken);
                await PublishReadingsAsync(cancellationToken);
                return;
            }
            catch (Exception e) when (e is MqttCommunicationException or MqttClientNotConnectedException
                && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(RetryAfter, Time, cancellationToken);
            }
            catch (Exception e) when (cancellationToken.IsCancellationRequested
                && e is OperationCanceledException or MqttCommunicationException)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_client.IsConnected)
        {
            await _client.DisconnectAsync();
        }

        _client.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Measures and publishes until it is cancelled; starts again after a lost connection.</summary>
    protected abstract Task PublishReadingsAsync(CancellationToken cancellationToken);

    /// <summary>Does a command.</summary>
    /// <param name="name">The command's name.</param>
    /// <param name="args">Its arguments.</param>
    /// <returns>Null when it is done, else why the device will not do it.</returns>
    protected virtual Task<string?> ObeyAsync(string name, JsonElement args) =>
        Task.FromResult<string?>($"this device has no command '{name}'");

    /// <summary>A time as the grid reads it: milliseconds since 1970, to the microsecond.</summary>
    protected static double Milliseconds(DateTimeOffset at) =>
        Math.Round((at - DateTimeOffset.UnixEpoch).TotalMilliseconds, 3);

    /// <summary>Publishes with QoS 1; ends when the grid has acknowledged it, that is: when it is durable.</summary>
    protected async Task PublishAsync(string subtopic, JsonNode payload, CancellationToken cancellationToken)
    {
        MqttClientPublishResult result = await _client.PublishAsync(
            new MqttApplicationMessageBuilder()
                .WithTopic($"{_topic}/{subtopic}")
                .WithPayload(JsonSerializer.SerializeToUtf8Bytes(payload))
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                .Build(),
            cancellationToken);
        if (!result.IsSuccess)
        {
            await Console.Error.WriteLineAsync($"{_topic}/{subtopic}: {result.ReasonCode} {result.ReasonString}");
        }
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        await _client.ConnectAsync(_options, cancellationToken);
        MqttClientSubscribeOptions commands = new MqttClientSubscribeOptionsBuilder()
            .WithTopicFilter($"{_topic}/commands/+", MqttQualityOfServiceLevel.AtLeastOnce)
            .Build();
        await _client.SubscribeAsync(commands, cancellationToken);
    }

    private Task OnCommandAsync(MqttApplicationMessageReceivedEventArgs received)
    {
        string topic = received.ApplicationMessage.Topic;
        JsonElement command = JsonElement.Parse(received.ApplicationMessage.Payload.ToArray());
        string id = command.GetProperty("id").GetString()!;
        bool expired = command.GetProperty("expiresAt").GetDateTimeOffset() < Time.GetUtcNow();

        // QoS 1 may bring a command twice; it is done once, and never after it expired.
        if (!expired && _commandsSeen.Add(id))
        {
            string name = topic[(topic.LastIndexOf('/') + 1)..];

            // Not awaited: the PUBACK of the command must not wait until the device has done it.
            _ = AnswerAsync(id, name, command.GetProperty("args"));
        }

        return Task.CompletedTask;
    }

    private async Task AnswerAsync(string id, string name, JsonElement args)
    {
        try
        {
            await PublishAsync($"results/{id}", new JsonObject { ["status"] = "in-progress" }, default);
            JsonObject answer = await ObeyAsync(name, args) is string refusal
                ? new JsonObject { ["status"] = "rejected", ["message"] = refusal }
                : new JsonObject { ["status"] = "succeeded", ["result"] = JsonNode.Parse(args.GetRawText()) };
            await PublishAsync($"results/{id}", answer, default);
        }
        catch (Exception e) when (e is MqttCommunicationException or MqttClientNotConnectedException)
        {
            await Console.Error.WriteLineAsync($"{_topic}: the answer to {name} {id} was lost: {e.Message}");
        }
    }
}
