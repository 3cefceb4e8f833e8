using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>The connections that are open, and how many each address has. Thread-safe.</summary>
/// <param name="perAddress">The most of one address.</param>
internal sealed class ConnectionTable(int perAddress)
{
    private static readonly UpDownCounter<int> Open = TwinGridDiagnostics.Meter.CreateUpDownCounter<int>(
        "twingrid.mqtt.connections", "{connection}", "MQTT connections that are open");

    private static readonly Counter<long> Ended = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.connections.ended", "{connection}", "MQTT connections that ended, by reason");

    private readonly ConcurrentDictionary<MqttConnection, bool> _connections = new();
    private readonly Dictionary<IPAddress, int> _addresses = [];
    private readonly Lock _lock = new();

    /// <summary>The connections as of about now.</summary>
    public IEnumerable<MqttConnection> All => _connections.Keys;

    /// <summary>Lets a connection in; false where its address has as many as it may.</summary>
    public bool TryAdd(MqttConnection connection)
    {
        lock (_lock)
        {
            int count = _addresses.GetValueOrDefault(connection.Address);
            if (count >= perAddress)
            {
                CountEnd("connections-per-address");
                return false;
            }

            _addresses[connection.Address] = count + 1;
        }

        _connections[connection] = true;
        Open.Add(1);
        return true;
    }

    /// <summary>Lets a connection out.</summary>
    /// <param name="connection">One that was let in.</param>
    /// <param name="reason">A word for counting.</param>
    public void Remove(MqttConnection connection, string reason)
    {
        _connections.TryRemove(connection, out _);
        lock (_lock)
        {
            int left = _addresses.GetValueOrDefault(connection.Address) - 1;
            if (left > 0)
            {
                _addresses[connection.Address] = left;
            }
            else
            {
                _addresses.Remove(connection.Address);
            }
        }

        Open.Add(-1);
        CountEnd(reason);
    }

    private static void CountEnd(string reason) =>
        Ended.Add(1, new KeyValuePair<string, object?>("reason", JsonNamingPolicy.KebabCaseLower.ConvertName(reason)));
}
