using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Adapter;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// One connection's packets on their way into and out of MQTTnet's server, which refuses clients without an identifier
/// under MQTT 3.1.1, promises packets without a limit and knows nothing of stopping gently: all three are put right
/// here.
/// </summary>
internal sealed class MqttChannel(
    IMqttChannelAdapter inner, SessionRegistry sessions, Drain publishes, TimeProvider clock, int maxPacket)
    : IMqttChannelAdapter
{
    /// <summary>Topic aliases of one connection; each may hold a topic of 64 KiB in memory.</summary>
    private const ushort MaxAliases = 16;

    private static readonly Histogram<double> Duration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.mqtt.publish.duration", "s", "from a PUBLISH of QoS 1 or 2 read to its PUBACK or PUBREC written");

    // MQTTnet answers a connection's publishes in the order in which they came.
    private readonly ConcurrentQueue<long> _unanswered = new();

    public long BytesReceived => inner.BytesReceived;

    public long BytesSent => inner.BytesSent;

    public X509Certificate2 ClientCertificate => inner.ClientCertificate;

    public EndPoint RemoteEndPoint => inner.RemoteEndPoint;

    public EndPoint LocalEndPoint => inner.LocalEndPoint;

    public bool IsSecureConnection => inner.IsSecureConnection;

    public MqttPacketFormatterAdapter PacketFormatterAdapter => inner.PacketFormatterAdapter;

    public Task ConnectAsync(CancellationToken cancellationToken) => inner.ConnectAsync(cancellationToken);

    public Task DisconnectAsync(CancellationToken cancellationToken) => inner.DisconnectAsync(cancellationToken);

    public void ResetStatistics() => inner.ResetStatistics();

    public async Task<MqttPacket?> ReceivePacketAsync(CancellationToken cancellationToken)
    {
        MqttPacket? packet = await inner.ReceivePacketAsync(cancellationToken);
        switch (packet)
        {
            case MqttConnectPacket connect when IsNameless(connect):
                connect.ClientId = sessions.NewClientId();
                break;
            case MqttPublishPacket { TopicAlias: > MaxAliases }:
                throw new MqttCommunicationException("a topic alias above the maximum that CONNACK named");
            case MqttPublishPacket publish:
                await AdmitAsync(publish, cancellationToken);
                break;
            default:
                break;
        }

        return packet;
    }

    public async Task SendPacketAsync(MqttPacket packet, CancellationToken cancellationToken)
    {
        if (packet is MqttConnAckPacket connAck)
        {
            connAck.MaximumPacketSize = (uint)maxPacket;
            connAck.TopicAliasMaximum = MaxAliases;
        }

        await inner.SendPacketAsync(packet, cancellationToken);
        if (packet is MqttPubAckPacket or MqttPubRecPacket && _unanswered.TryDequeue(out long since))
        {
            Duration.Record(clock.GetElapsedTime(since).TotalSeconds);
            publishes.Exit();
        }
    }

    public void Dispose()
    {
        while (_unanswered.TryDequeue(out _))
        {
            publishes.Exit();
        }

        inner.Dispose();
    }

    /// <summary>MQTT 3.1.1 section 3.1.3.1: without an identifier, a client must begin a clean session.</summary>
    private bool IsNameless(MqttConnectPacket connect) =>
        string.IsNullOrEmpty(connect.ClientId)
        && connect.CleanSession
        && PacketFormatterAdapter.ProtocolVersion != MqttProtocolVersion.V500;

    /// <summary>
    /// Counts a publish until it is answered; while the gateway stops, it waits for the connection's end.
    /// </summary>
    private async Task AdmitAsync(MqttPublishPacket publish, CancellationToken cancellationToken)
    {
        if (!publishes.TryEnter())
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellationToken);
        }

        if (publish.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtMostOnce)
        {
            publishes.Exit();
        }
        else
        {
            _unanswered.Enqueue(clock.GetTimestamp());
        }
    }
}
