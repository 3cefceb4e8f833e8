using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Diagnostics.PacketInspection;
using MQTTnet.Formatter;
using MQTTnet.Implementations;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>
/// The packets of one connection between the library and the socket: reads none while the hold is full, which the
/// library cannot do, and keeps the connection alive by a rule of its own, since the library takes a connection that
/// is not read for one that is dead. As thread-safe as the library's.
/// </summary>
/// <param name="inner">The library's.</param>
/// <param name="hold">What is taken and not acknowledged.</param>
/// <param name="keepAlive">What the broker is told of how often it hears something.</param>
internal sealed class BridgeChannel(IMqttChannelAdapter inner, BridgeHold hold, TimeSpan keepAlive)
    : IMqttChannelAdapter
{
    /// <summary>How often the broker wants to hear something.</summary>
    public TimeSpan KeepAlive { get; private set; } = keepAlive;

    /// <inheritdoc/>
    public long BytesReceived => inner.BytesReceived;

    /// <inheritdoc/>
    public long BytesSent => inner.BytesSent;

    /// <inheritdoc/>
    public X509Certificate2 ClientCertificate => inner.ClientCertificate;

    /// <inheritdoc/>
    public EndPoint RemoteEndPoint => inner.RemoteEndPoint;

    /// <inheritdoc/>
    public EndPoint LocalEndPoint => inner.LocalEndPoint;

    /// <inheritdoc/>
    public bool IsSecureConnection => inner.IsSecureConnection;

    /// <inheritdoc/>
    public MqttPacketFormatterAdapter PacketFormatterAdapter => inner.PacketFormatterAdapter;

    /// <inheritdoc/>
    public Task ConnectAsync(CancellationToken cancellationToken) => inner.ConnectAsync(cancellationToken);

    /// <inheritdoc/>
    public Task DisconnectAsync(CancellationToken cancellationToken) => inner.DisconnectAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<MqttPacket> ReceivePacketAsync(CancellationToken cancellationToken)
    {
        await hold.WaitAsync(cancellationToken).ConfigureAwait(false);
        MqttPacket packet = await inner.ReceivePacketAsync(cancellationToken).ConfigureAwait(false);
        switch (packet)
        {
            case MqttPublishPacket { QualityOfServiceLevel: > MqttQualityOfServiceLevel.AtMostOnce }:
                hold.Came();
                break;
            case MqttConnAckPacket { ServerKeepAlive: > 0 and var seconds } answer:
                KeepAlive = TimeSpan.FromSeconds(seconds);
                answer.ServerKeepAlive = 0;
                break;
            default:
                break;
        }

        return packet;
    }

    /// <inheritdoc/>
    public void ResetStatistics() => inner.ResetStatistics();

    /// <inheritdoc/>
    public Task SendPacketAsync(MqttPacket packet, CancellationToken cancellationToken)
    {
        if (packet is MqttConnectPacket connect)
        {
            connect.KeepAlivePeriod = (ushort)KeepAlive.TotalSeconds;
        }

        return inner.SendPacketAsync(packet, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();
}

/// <summary>Makes the channel of one connection. Not thread-safe.</summary>
/// <param name="hold">What is taken and not acknowledged.</param>
/// <param name="keepAlive">What the broker is told of how often it hears something.</param>
internal sealed class BridgeChannelFactory(BridgeHold hold, TimeSpan keepAlive) : IMqttClientAdapterFactory
{
    private readonly MqttClientAdapterFactory _inner = new();

    /// <summary>The channel; null before there is one.</summary>
    public BridgeChannel? Channel { get; private set; }

    /// <inheritdoc/>
    public IMqttChannelAdapter CreateClientAdapter(
        MqttClientOptions options, MqttPacketInspector packetInspector, IMqttNetLogger logger) =>
        Channel = new BridgeChannel(_inner.CreateClientAdapter(options, packetInspector, logger), hold, keepAlive);
}
