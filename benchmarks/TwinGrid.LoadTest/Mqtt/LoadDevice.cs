using System.Buffers.Text;
using System.Text;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// One device of the load: its messages carry a number, an epoch and a time as a good device's do, so that the grid
/// does the whole of its work. Belongs to one connection; not thread-safe.
/// </summary>
internal sealed class LoadDevice
{
    private readonly byte[] _topic;
    private readonly byte[] _payload;
    private readonly byte[][] _names;
    private readonly long _epoch;

    /// <summary>Makes a device.</summary>
    /// <param name="twin">Its twin, <c>kind/key</c>.</param>
    /// <param name="readings">Values per message.</param>
    /// <param name="epoch">Larger than that of any load before, so that its numbers are new.</param>
    public LoadDevice(string twin, int readings, long epoch)
    {
        Twin = twin;
        _topic = Encoding.UTF8.GetBytes($"twins/{twin}/telemetry");
        _names = [.. Enumerable.Range(0, readings).Select(static i => Encoding.UTF8.GetBytes($",\"v{i}\":"))];
        _payload = new byte[128 + (readings * 32)];
        _epoch = epoch;
    }

    /// <summary>The telemetry whose count is asked for in the end.</summary>
    public static string FirstTelemetry => "v0";

    /// <summary>Its twin.</summary>
    public string Twin { get; }

    /// <summary>Messages sent; the number of the newest one.</summary>
    public long Sent { get; private set; }

    /// <summary>Messages acknowledged.</summary>
    public long Acknowledged { get; set; }

    /// <summary>Writes its next message.</summary>
    public void Publish(PacketBuffer to, ushort packetId, long unixMilliseconds)
    {
        long number = ++Sent;
        int at = Put(0, "{\"source\":\"load\",\"epoch\":"u8);
        at = Put(at, _epoch);
        at = Put(at, ",\"seq\":"u8);
        at = Put(at, number);
        at = Put(at, ",\"ts\":"u8);
        at = Put(at, unixMilliseconds);
        for (int i = 0; i < _names.Length; i++)
        {
            at = Put(at, _names[i]);
            at = Put(at, 20 + ((number + i) % 100));
            at = Put(at, ".5"u8);
        }

        at = Put(at, "}"u8);
        to.Publish(_topic, _payload.AsSpan(0, at), packetId);
    }

    private int Put(int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(_payload.AsSpan(at));
        return at + text.Length;
    }

    private int Put(int at, long number)
    {
        Utf8Formatter.TryFormat(number, _payload.AsSpan(at), out int written);
        return at + written;
    }
}
