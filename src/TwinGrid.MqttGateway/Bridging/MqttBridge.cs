using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// The bridge to an outside broker: takes in what devices publish there, as the listener does, and publishes there what
/// the twins tell. The promise that what was acknowledged is durable begins at the bridge's acknowledgement to the
/// broker. Of a cluster's gateways one bridges at a time.
/// </summary>
internal sealed partial class MqttBridge(
    IServiceProvider services,
    BridgeTopics topics,
    BridgeTurn turn,
    LocalInterest interest,
    GatewayPeers peers,
    BridgeOutlet outlet,
    IOptions<MqttOptions> options,
    TimeProvider clock,
    ILogger<MqttBridge> logger) : IDisposable
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Begins, where there is a broker to bridge to.</summary>
    public void Start()
    {
        if (options.Value.Bridge.IsOn)
        {
            peers.Missed += outlet.Missed;
            _running = Task.Run(RunAsync);
        }
    }

    /// <summary>Stops; what was taken is committed and acknowledged, the broker keeps the rest.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            if (turn.IsHere)
            {
                await BridgeAsync();
            }

            await Task.Delay(BetweenLooks, clock, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Bridges until it is another gateway's turn, or the process stops.</summary>
    private async Task BridgeAsync()
    {
        LogBegins();
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        TopicFilter[] told =
        [
            .. BridgeTopics.Published(options.Value.TopicRoot)
                .Where(topic => options.Value.Bridge.Publish.HasFlag(topic.Kind)).Select(topic => topic.Filter),
        ];
        Array.ForEach(told, interest.Add);
        Task working = Task.WhenAll(
        [
            told.Length == 0 ? Task.CompletedTask : services.GetRequiredService<BridgePublisher>().RunAsync(over.Token),
            .. topics.Filters.Select(filter => Line(filter).RunAsync(over.Token)),
        ]);
        while (turn.IsHere && !_stopping.IsCancellationRequested && !working.IsCompleted)
        {
            await Task.Delay(BetweenLooks, clock, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await over.CancelAsync();
        await working;
        if (!_stopping.IsCancellationRequested)
        {
            // At the end of the process all goes at once, and the others remember what it may have handed over.
            Array.ForEach(told, interest.Remove);
        }

        LogEnds();
    }

    private BridgeLine Line(TopicFilter filter) =>
        ActivatorUtilities.CreateInstance<BridgeLine>(services, filter.Text);

    [LoggerMessage(Level = LogLevel.Information, Message = "this gateway bridges")]
    private partial void LogBegins();

    [LoggerMessage(Level = LogLevel.Information, Message = "this gateway bridges no more")]
    private partial void LogEnds();
}
