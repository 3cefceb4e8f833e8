using System.Net;

namespace TwinGrid.MqttGateway;

/// <summary>Where the MQTT listener of this process listens, for whoever prints or tests it. Thread-safe.</summary>
public sealed class MqttGatewayEndpoint
{
    private volatile IPEndPoint? _bound;

    /// <summary>
    /// Address and port as bound, also when the port was chosen freely; null before the start and without a
    /// listener.
    /// </summary>
    public IPEndPoint? Bound
    {
        get => _bound;
        internal set => _bound = value;
    }
}
