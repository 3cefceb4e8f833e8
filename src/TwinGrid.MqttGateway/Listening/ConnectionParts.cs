using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.OpenTopics;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>What every connection needs of the gateway.</summary>
internal sealed record ConnectionParts(
    MessageIntake Intake,
    SessionRegistry Sessions,
    Subscriptions Subscriptions,
    GatewayPeers Peers,
    Farewells Farewells,
    CommandReceipts Receipts,
    OpenTopicBroker OpenTopics,
    LargePackets LargePackets,
    IngestBudget Budget,
    IOptions<LimitOptions> LimitOptions,
    TimeProvider Clock,
    ConnectionLog Log)
{
    /// <summary>Bounds.</summary>
    public LimitOptions Limits => LimitOptions.Value;
}
