using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using MQTTnet.Adapter;
using MQTTnet.AspNetCore;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Server;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>Hands Kestrel's connections to MQTTnet's server, each behind its limits.</summary>
internal sealed class MqttConnections(SessionRegistry sessions, Drain publishes, TimeProvider clock, int maxPacket)
    : ConnectionHandler, IMqttServerAdapter
{
    private const int WriterBuffer = 1_024;

    private static readonly UpDownCounter<int> Open = TwinGridDiagnostics.Meter.CreateUpDownCounter<int>(
        "twingrid.mqtt.connections", "{connection}", "MQTT connections that are open");

    public Func<IMqttChannelAdapter, Task>? ClientHandler { get; set; }

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        if (ClientHandler is not { } serve)
        {
            return;
        }

        Open.Add(1);
        IDuplexPipe transport = connection.Transport;
        connection.Transport = new LimitedTransport(
            new PacketLimitReader(transport.Input, maxPacket), new LastWordWriter(transport.Output));
        MqttPacketFormatterAdapter formatter = new(new MqttBufferWriter(WriterBuffer, maxPacket));
        using MqttChannel channel = new(
            new MqttConnectionContext(formatter, connection), sessions, publishes, clock, maxPacket);
        try
        {
            await serve(channel);
        }
        finally
        {
            Open.Add(-1);
        }
    }

    public Task StartAsync(MqttServerOptions options, IMqttNetLogger logger) => Task.CompletedTask;

    public Task StopAsync() => Task.CompletedTask;

    public void Dispose()
    {
    }

    private sealed class LimitedTransport(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
