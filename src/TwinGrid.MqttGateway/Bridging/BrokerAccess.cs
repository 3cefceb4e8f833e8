using Microsoft.Extensions.Options;
using MQTTnet;
using MQTTnet.Formatter;
using Orleans.Configuration;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>As whom and how the bridge connects. Immutable, thread-safe.</summary>
internal sealed class BrokerAccess(
    IOptions<MqttOptions> options, IOptions<LimitOptions> limits, IOptions<ClusterOptions> cluster)
{
    // A broker that is gone without a word is found out within 1.5 times this.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly MqttBridgeOptions _bridge = options.Value.Bridge;

    /// <summary>Where.</summary>
    public BridgeAddress Address { get; } = BridgeAddress.Parse(options.Value.Bridge.Server ?? "", out string? wrong)
        ?? throw new TwinGridException($"{MqttBridgeOptions.Section}:Server: {wrong}");

    /// <summary>What all client ids begin with.</summary>
    public string Name => _bridge.ClientId ?? (cluster.Value.ClusterId is { Length: > 0 } id ? id : "twingrid");

    /// <summary>
    /// Takes in what a filter matches: the broker keeps the session, and what was not acknowledged, over every end of
    /// the connection. The client's id is the cluster's and not the silo's, so that whoever bridges next goes on with
    /// the same session.
    /// </summary>
    public MqttClientOptions Receiving(string filter) => New($"{Name}-in-{BridgeTopics.SessionOf(filter)}")
        .WithCleanStart(false)
        .WithSessionExpiryInterval((uint)((TimeSpan)_bridge.SessionExpiry).TotalSeconds)
        .WithReceiveMaximum(_bridge.ReceiveMaximum)
        .WithMaximumPacketSize((uint)limits.Value.PacketBytes)
        .Build();

    /// <summary>Publishes: what must not be lost is kept by the twins, so the broker keeps no session.</summary>
    public MqttClientOptions Publishing() => New($"{Name}-out").WithCleanStart(true).Build();

    private MqttClientOptionsBuilder New(string client)
    {
        MqttClientOptionsBuilder builder = new MqttClientOptionsBuilder()
            .WithTcpServer(Address.Host, Address.Port)
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId(client)
            .WithKeepAlivePeriod(KeepAlive)
            .WithTimeout(Patience);
        return Address.User is null ? builder : builder.WithCredentials(Address.User, Address.Password);
    }
}
