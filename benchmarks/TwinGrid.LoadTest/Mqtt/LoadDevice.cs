using System.Buffers.Binary;
using System.Text;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// One device of the load: its messages carry a number, an epoch and a time as a good device's do, so that the grid
/// does the whole of its work. Its PUBLISH is encoded once; a message changes a few digits of it in place. Belongs to
/// one connection; not thread-safe.
/// </summary>
internal sealed class LoadDevice
{
    // Values are 100.5 to 199.5, the number and the value's place in the message added up.
    private const string AnyValue = "100.5";

    private readonly LoadFormat _format;
    private readonly int[] _valuesAt;
    private byte[] _packet = [];
    private int _packetIdAt;
    private int _numberAt;
    private int _numberLength;
    private int _timeAt;

    /// <summary>Makes a device.</summary>
    /// <param name="twin">Its twin, <c>kind/key</c>.</param>
    /// <param name="format">What its messages are like.</param>
    public LoadDevice(string twin, LoadFormat format)
    {
        Twin = twin;
        _format = format;
        _valuesAt = new int[format.Readings];
        Encode(numberLength: 1);
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
    /// <param name="to">Where to.</param>
    /// <param name="packetId">Its packet id; ignored with QoS 0.</param>
    /// <param name="time">13 digits: its source time in Unix milliseconds.</param>
    public void Publish(PacketBuffer to, ushort packetId, ReadOnlySpan<byte> time)
    {
        Sent++;
        CountUp();
        Span<byte> packet = _packet;
        time.CopyTo(packet[_timeAt..]);
        if (_format.Qos > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet[_packetIdAt..], packetId);
        }

        for (int i = 0; i < _valuesAt.Length; i++)
        {
            (int tens, int ones) = Math.DivRem((int)((Sent + i) % 100), 10);
            packet[_valuesAt[i] + 1] = (byte)('0' + tens);
            packet[_valuesAt[i] + 2] = (byte)('0' + ones);
        }

        to.Append(packet);
    }

    private void CountUp()
    {
        for (int at = _numberAt + _numberLength - 1; at >= _numberAt; at--)
        {
            if (_packet[at]++ != '9')
            {
                return;
            }

            _packet[at] = (byte)'0';
        }

        Encode(_numberLength + 1);
    }

    // Room for a number of so many digits, which begins with a one: the first that is so long. Before the first
    // message it stands at nought.
    private void Encode(int numberLength)
    {
        StringBuilder payload = new($"{{\"source\":\"load\",\"epoch\":{_format.Epoch},\"seq\":");
        int number = payload.Length;
        payload.Append(Sent == 0 ? "0" : "1".PadRight(numberLength, '0')).Append(",\"ts\":");
        int time = payload.Length;
        payload.Append("1000000000000");
        for (int i = 0; i < _valuesAt.Length; i++)
        {
            payload.Append($",\"v{i}\":");
            _valuesAt[i] = payload.Length;
            payload.Append(AnyValue);
        }

        byte[] text = Encoding.ASCII.GetBytes(payload.Append('}').ToString());
        _packet = Packet(text, out int payloadAt);
        _numberAt = payloadAt + number;
        _numberLength = numberLength;
        _timeAt = payloadAt + time;
        for (int i = 0; i < _valuesAt.Length; i++)
        {
            _valuesAt[i] += payloadAt;
        }
    }

    // OASIS MQTT 3.1.1 and 5, section 3.3.
    private byte[] Packet(byte[] payload, out int payloadAt)
    {
        byte[] topic = Encoding.UTF8.GetBytes($"twins/{Twin}/telemetry");
        int length = 2 + topic.Length + (_format.Qos > 0 ? 2 : 0) + (_format.Version == 5 ? 1 : 0) + payload.Length;
        Span<byte> header = stackalloc byte[5];
        header[0] = (byte)(_format.Qos > 0 ? 0x32 : 0x30);
        int headerLength = 1 + PacketBuffer.WriteLength(header[1..], length);
        byte[] packet = new byte[headerLength + length];
        header[..headerLength].CopyTo(packet);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(headerLength), (ushort)topic.Length);
        topic.CopyTo(packet.AsSpan(headerLength + 2));
        _packetIdAt = headerLength + 2 + topic.Length;
        payloadAt = packet.Length - payload.Length;
        payload.CopyTo(packet.AsSpan(payloadAt));
        return packet;
    }
}
