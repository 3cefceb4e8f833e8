using System.Buffers.Binary;
using System.Collections;
using System.Text;

namespace TwinGrid.Tests.Conformance;

/// <summary>The properties of MQTT 5 (table 2-4).</summary>
internal enum Property
{
    PayloadFormat = 0x01,
    MessageExpiry = 0x02,
    ContentType = 0x03,
    ResponseTopic = 0x08,
    CorrelationData = 0x09,
    SubscriptionIdentifier = 0x0B,
    SessionExpiry = 0x11,
    AssignedClientId = 0x12,
    ServerKeepAlive = 0x13,
    AuthenticationMethod = 0x15,
    AuthenticationData = 0x16,
    RequestProblemInformation = 0x17,
    WillDelay = 0x18,
    RequestResponseInformation = 0x19,
    ResponseInformation = 0x1A,
    ServerReference = 0x1C,
    ReasonString = 0x1F,
    ReceiveMaximum = 0x21,
    TopicAliasMaximum = 0x22,
    TopicAlias = 0x23,
    MaximumQos = 0x24,
    RetainAvailable = 0x25,
    UserProperty = 0x26,
    MaximumPacketSize = 0x27,
    WildcardSubscriptionAvailable = 0x28,
    SubscriptionIdentifiersAvailable = 0x29,
    SharedSubscriptionAvailable = 0x2A,
}

/// <summary>Properties in their order, as they are written and as they were read.</summary>
internal sealed class PropertyList : IEnumerable<KeyValuePair<Property, object>>
{
    private readonly List<KeyValuePair<Property, object>> _all = [];

    public IEnumerable<(string Name, string Value)> Users =>
        _all.Where(it => it.Key == Property.UserProperty).Select(it => ((string, string))it.Value);

    public bool Has(Property property) => _all.Exists(it => it.Key == property);

    public long? Number(Property property) => Numbers(property).Cast<long?>().SingleOrDefault();

    public IEnumerable<long> Numbers(Property property) =>
        _all.Where(it => it.Key == property).Select(it => (long)it.Value);

    public string? Text(Property property) =>
        (string?)_all.SingleOrDefault(it => it.Key == property).Value;

    public byte[]? Data(Property property) =>
        (byte[]?)_all.SingleOrDefault(it => it.Key == property).Value;

    public void Add(Property property, long number) => _all.Add(new(property, number));

    public void Add(Property property, string text) => _all.Add(new(property, text));

    public void Add(Property property, byte[] data) => _all.Add(new(property, data));

    public void Add(Property property, string name, string value) => _all.Add(new(property, (name, value)));

    public IEnumerator<KeyValuePair<Property, object>> GetEnumerator() => _all.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The properties with their length in front.</summary>
    public byte[] ToBytes()
    {
        List<byte> bytes = [];
        foreach ((Property property, object value) in _all)
        {
            bytes.Add((byte)property);
            bytes.AddRange((Width(property), value) switch
            {
                (0, long number) => PacketBytes.Length((int)number),
                (1, long number) => [(byte)number],
                (2, long number) => PacketBytes.Number((int)number),
                (4, long number) => [.. PacketBytes.Number((int)(number >> 16)), .. PacketBytes.Number((int)number)],
                (_, string text) => PacketBytes.Text(text),
                (_, byte[] data) => PacketBytes.Data(data),
                (_, (string name, string text)) => [.. PacketBytes.Text(name), .. PacketBytes.Text(text)],
                _ => throw new ArgumentException($"{property} is not a {value.GetType().Name}"),
            });
        }

        return [.. PacketBytes.Length(bytes.Count), .. bytes];
    }

    /// <summary>Reads what a server sent, and fails where the standard does not allow it in that packet.</summary>
    public static PropertyList Read(ref ByteReader reader, PacketKind kind)
    {
        PropertyList list = new();
        ByteReader rest = reader.Part(reader.Length());
        while (!rest.IsAtEnd)
        {
            Property property = (Property)rest.Length();
            Assert.True(IsAllowed(property, kind), $"{kind} carries property {property}");
            bool mayRepeat = property == Property.UserProperty
                || (property == Property.SubscriptionIdentifier && kind == PacketKind.Publish);
            Assert.True(mayRepeat || !list.Has(property), $"{kind} carries {property} twice");
            list._all.Add(new(property, Value(ref rest, property)));
        }

        return list;
    }

    private static object Value(ref ByteReader reader, Property property) => Width(property) switch
    {
        0 => (long)reader.Length(),
        1 => (long)reader.Byte(),
        2 => (long)reader.Number(),
        4 => (long)BinaryPrimitives.ReadUInt32BigEndian(reader.Bytes(4)),
        _ when property == Property.UserProperty => (reader.Text(), reader.Text()),
        _ when property is Property.CorrelationData or Property.AuthenticationData =>
            reader.Bytes(reader.Number()).ToArray(),
        _ => reader.Text(),
    };

    // Bytes of a number; 0 for a variable one, -1 for texts and data.
    private static int Width(Property property) => property switch
    {
        Property.SubscriptionIdentifier => 0,
        Property.PayloadFormat or Property.RequestProblemInformation or Property.RequestResponseInformation
            or Property.MaximumQos or Property.RetainAvailable or Property.WildcardSubscriptionAvailable
            or Property.SubscriptionIdentifiersAvailable or Property.SharedSubscriptionAvailable => 1,
        Property.ServerKeepAlive or Property.ReceiveMaximum or Property.TopicAliasMaximum or Property.TopicAlias => 2,
        Property.MessageExpiry or Property.SessionExpiry or Property.WillDelay or Property.MaximumPacketSize => 4,
        _ => -1,
    };

    // Table 2-4, the packets that a server sends.
    private static bool IsAllowed(Property property, PacketKind kind) => kind switch
    {
        PacketKind.ConnAck => property is Property.SessionExpiry or Property.AssignedClientId
            or Property.ServerKeepAlive or Property.AuthenticationMethod or Property.AuthenticationData
            or Property.ResponseInformation or Property.ServerReference or Property.ReasonString
            or Property.ReceiveMaximum or Property.TopicAliasMaximum or Property.MaximumQos
            or Property.RetainAvailable or Property.UserProperty or Property.MaximumPacketSize
            or Property.WildcardSubscriptionAvailable or Property.SubscriptionIdentifiersAvailable
            or Property.SharedSubscriptionAvailable,
        PacketKind.Publish => property is Property.PayloadFormat or Property.MessageExpiry or Property.ContentType
            or Property.ResponseTopic or Property.CorrelationData or Property.SubscriptionIdentifier
            or Property.TopicAlias or Property.UserProperty,
        PacketKind.Disconnect => property is Property.ServerReference or Property.ReasonString
            or Property.UserProperty,
        PacketKind.Auth => property is Property.AuthenticationMethod or Property.AuthenticationData
            or Property.ReasonString or Property.UserProperty,
        _ => property is Property.ReasonString or Property.UserProperty,
    };
}

/// <summary>Reads bytes of a packet in order; a test fails where a server's packet is too short.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte Byte() => Bytes(1)[0];

    public ushort Number() => BinaryPrimitives.ReadUInt16BigEndian(Bytes(2));

    public ReadOnlySpan<byte> Bytes(int count)
    {
        Assert.True(count <= _rest.Length, $"a packet ends {count - _rest.Length} bytes too early");
        ReadOnlySpan<byte> bytes = _rest[..count];
        _rest = _rest[count..];
        return bytes;
    }

    public ByteReader Part(int count) => new(Bytes(count));

    public ReadOnlySpan<byte> ToEnd() => Bytes(_rest.Length);

    public string Text() => Strict.GetString(Bytes(Number()));

    /// <summary>A variable byte integer (section 1.5.5).</summary>
    public int Length()
    {
        int value = 0;
        for (int shift = 0; shift < 28; shift += 7)
        {
            byte one = Byte();
            value |= (one & 0x7F) << shift;
            if (one < 0x80)
            {
                Assert.False(one == 0 && shift > 0, "a length takes more bytes than it needs [MQTT-1.5.5-1]");
                return value;
            }
        }

        throw new InvalidDataException("a length of more than four bytes");
    }
}
