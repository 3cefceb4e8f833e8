using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

/// <summary>Table 2-4 of MQTT 5, each property in each packet of a client.</summary>
public class PropertyTests
{
    private static readonly (string Packet, string Head, string Tail)[] Packets =
    [
        ("CONNECT", "10 { s'MQTT' 05 02 003C", "s'c' }"),
        ("Will", "10 { s'MQTT' 05 06 003C { } s'c'", "s'w' s'' }"),
        ("PUBLISH", "32 { s'a/b' 0001", "'x' }"),
        ("PUBACK", "40 { 0001 00", "}"),
        ("PUBREC", "50 { 0001 00", "}"),
        ("PUBREL", "62 { 0001 00", "}"),
        ("PUBCOMP", "70 { 0001 00", "}"),
        ("SUBSCRIBE", "82 { 0001", "s'a' 00 }"),
        ("UNSUBSCRIBE", "A2 { 0001", "s'a' }"),
        ("DISCONNECT", "E0 { 00", "}"),
    ];

    // What the table says of packets that a client sends. Those in brackets only a server may send in such a packet
    // (MQTT-3.3.4-6, section 3.14.2.2.5): a protocol error.
    private static readonly (string Property, string In)[] Table =
    [
        ("01 01", "PUBLISH Will"),
        ("02 00000001", "PUBLISH Will"),
        ("03 s'text/plain'", "PUBLISH Will"),
        ("08 s'reply'", "PUBLISH Will"),
        ("09 0002FF00", "PUBLISH Will"),
        ("0B 01", "[PUBLISH] SUBSCRIBE"),
        ("11 00000001", "CONNECT DISCONNECT"),
        ("12 s'id'", ""),
        ("13 003C", ""),
        ("15 s'method'", "CONNECT"),
        ("16 s'data'", "CONNECT"),
        ("17 01", "CONNECT"),
        ("18 00000001", "Will"),
        ("19 01", "CONNECT"),
        ("1A s'info'", ""),
        ("1C s'server'", "[DISCONNECT]"),
        ("1F s'reason'", "PUBACK PUBREC PUBREL PUBCOMP DISCONNECT"),
        ("21 0001", "CONNECT"),
        ("22 0001", "CONNECT"),
        ("23 0001", "PUBLISH"),
        ("24 01", ""),
        ("25 01", ""),
        ("26 s'k' s'v'",
            "CONNECT Will PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE UNSUBSCRIBE DISCONNECT"),
        ("27 00000001", "CONNECT"),
        ("28 01", ""),
        ("29 01", ""),
        ("2A 01", ""),
        ("00", ""),
        ("04 00", ""),
        ("20 0000", ""),
        ("2B 00", ""),
        ("7F", ""),
        ("8001 00", ""),
        ("FF", ""),
    ];

    public static TheoryData<string, string> Cells =>
        [.. from row in Table from packet in Packets select (row.Property, packet.Packet)];

    public static TheoryData<string, string> Allowed =>
    [
        .. from row in Table
           from packet in row.In.Split(' ', StringSplitOptions.RemoveEmptyEntries)
           where packet[0] != '['
           select (row.Property, packet),
    ];

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_property_stands_where_the_table_says(string property, string packet)
    {
        string allowed = Table.Single(row => row.Property == property).In;
        ReasonCode? expected = allowed.Contains($"[{packet}]", StringComparison.Ordinal) ? ReasonCode.ProtocolError
            : allowed.Split(' ').Contains(packet) ? null
            : ReasonCode.MalformedPacket;

        Assert.Equal(expected, Read(packet, WithMethod(property))?.Reason);
    }

    [Theory]
    [MemberData(nameof(Allowed))]
    public void A_property_is_there_once_but_user_properties(string property, string packet) => Assert.Equal(
        property.StartsWith("26", StringComparison.Ordinal) ? null : ReasonCode.ProtocolError,
        Read(packet, $"{WithMethod(property)} {property}")?.Reason);

    [Theory]
    [MemberData(nameof(Allowed))]
    public void A_property_that_is_cut_off_is_malformed(string property, string packet)
    {
        byte[] whole = Wire.Bytes(property);
        Assert.All(
            Enumerable.Range(1, whole.Length - 1),
            length => Assert.Equal(
                ReasonCode.MalformedPacket, Read(packet, Convert.ToHexString(whole[..length]))?.Reason));
    }

    // Authentication data without a method is an error of its own.
    private static string WithMethod(string property) =>
        property.StartsWith("16", StringComparison.Ordinal) ? $"15 s'm' {property}" : property;

    private static PacketFault? Read(string packet, string properties)
    {
        (_, string head, string tail) = Packets.Single(one => one.Packet == packet);
        return AnyPacket.Read(Wire.Bytes($"{head} {{ {properties} }} {tail}"), ProtocolVersion.V5);
    }
}
