using System.Net;
using MQTTnet;
using MQTTnet.Formatter;

namespace WindFarm.Devices;

/// <summary>How this sample's MQTT clients connect.</summary>
internal static class ClientOptions
{
    // MQTTnet asks for receive buffers of 8 KiB. Loopback's segments are larger, so that the window closes on a busy
    // subscriber and opens by TCP's 200 ms timer: 5 segments a second where 250 were sent.
    private const int SocketBuffer = 256 * 1024;

    /// <summary>MQTT 5 over TCP.</summary>
    /// <param name="listener">Where the grid listens.</param>
    /// <param name="clientId">The client's own name.</param>
    public static MqttClientOptions For(IPEndPoint listener, string clientId) =>
        new MqttClientOptionsBuilder()
            .WithTcpServer(listener.Address.ToString(), listener.Port)
            .WithTcpServer(tcp => tcp.BufferSize = SocketBuffer)
            .WithClientId(clientId)
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .Build();
}
