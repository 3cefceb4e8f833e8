using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

public class PacketCorpusTests
{
    // What a client of each version sends: all types but the server's, and AUTH, which the grid refuses.
    private static readonly PacketType[] OfClients =
    [
        PacketType.Connect, PacketType.Publish, PacketType.PubAck, PacketType.PubRec, PacketType.PubRel,
        PacketType.PubComp, PacketType.Subscribe, PacketType.Unsubscribe, PacketType.PingReq, PacketType.Disconnect,
    ];

    public static TheoryData<string, string> Packets =>
        [.. PacketCorpus.All.Select(packet => (packet.Version.ToString(), packet.Name))];

    [Theory]
    [MemberData(nameof(Packets))]
    public void A_valid_packet_is_taken(string version, string name)
    {
        CorpusPacket packet = PacketCorpus.All.Single(one => (one.Version.ToString(), one.Name) == (version, name));

        Assert.Null(AnyPacket.Read(packet.Bytes, packet.Version));
    }

    [Theory]
    [InlineData("V311")]
    [InlineData("V5")]
    public void The_corpus_has_every_packet_of_a_client(string version) => Assert.Equal(
        OfClients,
        PacketCorpus.All
            .Where(packet => packet.Version.ToString() == version)
            .Select(packet => (PacketType)(packet.Bytes[0] >> 4)).Distinct().Order());
}
