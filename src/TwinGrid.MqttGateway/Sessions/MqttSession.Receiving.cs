namespace TwinGrid.MqttGateway.Sessions;

/// <content>What its client sent with QoS 2 and did not release yet.</content>
internal sealed partial class MqttSession
{
    private Dictionary<ushort, Reception>? _received;
    private int _unreleased;

    /// <summary>A PUBLISH of QoS 2 came; what is not new must not be taken again (section 4.3.3).</summary>
    public Reception BeginReceive(ushort packetId)
    {
        lock (_lock)
        {
            _received ??= [];
            if (!_received.TryGetValue(packetId, out Reception known))
            {
                _received.Add(packetId, Reception.New);
                _unreleased++;
                return Reception.New;
            }

            return known == Reception.Taken ? known : _received[packetId] = Reception.AskedAgain;
        }
    }

    /// <summary>It is known what became of a PUBLISH of QoS 2.</summary>
    /// <param name="packetId">Its identifier.</param>
    /// <param name="isTaken">False when it is forgotten, and may come again.</param>
    /// <returns>The connection that asked for it again meanwhile, or null.</returns>
    public SessionLink? Received(ushort packetId, bool isTaken)
    {
        lock (_lock)
        {
            if (_received is null || !_received.TryGetValue(packetId, out Reception known))
            {
                return null;
            }

            if (isTaken)
            {
                _received[packetId] = Reception.Taken;
            }
            else
            {
                _received.Remove(packetId);
                _unreleased--;
            }

            return known == Reception.AskedAgain ? _link : null;
        }
    }

    /// <summary>The packets that were taken and not released: another gateway goes on with the session.</summary>
    public ushort[] Taken()
    {
        lock (_lock)
        {
            return _received is null
                ? [] : [.. _received.Where(packet => packet.Value == Reception.Taken).Select(packet => packet.Key)];
        }
    }

    /// <summary>Packets that another gateway took and that were not released.</summary>
    public void NoteTaken(ushort[] packets)
    {
        lock (_lock)
        {
            foreach (ushort packet in packets)
            {
                _unreleased += (_received ??= []).TryAdd(packet, Reception.Taken) ? 1 : 0;
            }
        }
    }

    /// <summary>A PUBREL came; false for an identifier that is not known.</summary>
    public bool Release(ushort packetId)
    {
        lock (_lock)
        {
            if (_received is null || !_received.Remove(packetId))
            {
                return false;
            }

            _unreleased--;
            return true;
        }
    }

    /// <summary>How many PUBLISHes of QoS 2 were received and not released.</summary>
    public int Unreleased => Volatile.Read(ref _unreleased);
}
