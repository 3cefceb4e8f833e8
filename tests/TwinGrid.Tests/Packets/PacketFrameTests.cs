using System.Buffers;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

public class PacketFrameTests
{
    // Table 2-2 of MQTT 5 and of MQTT 3.1.1: the flags that each type must have; PUBLISH uses them.
    private static readonly int?[] Flags = [null, 0, 0, -1, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0];

    // The borders of table 1-1: the length, and its bytes.
    [Theory]
    [InlineData("00", 0)]
    [InlineData("7F", 127)]
    [InlineData("8001", 128)]
    [InlineData("FF7F", 16_383)]
    [InlineData("808001", 16_384)]
    [InlineData("FFFF7F", 2_097_151)]
    [InlineData("80808001", 2_097_152)]
    [InlineData("FFFFFF7F", 268_435_455)]
    public void A_remaining_length_has_one_to_four_bytes(string length, int remaining)
    {
        FrameStatus status = AnyPacket.ReadFrame(Wire.Bytes("30" + length), out PacketFrame frame, out _);

        Assert.Equal(remaining == 0 ? FrameStatus.Complete : FrameStatus.Incomplete, status);
        Assert.Equal(1 + (length.Length / 2), frame.HeaderLength);
        Assert.Equal(1 + (length.Length / 2) + remaining, frame.Length);
    }

    [Theory]
    [InlineData("30 8000")]
    [InlineData("30 FF00")]
    [InlineData("30 808000")]
    [InlineData("30 FFFFFF00")]
    public void A_length_that_is_not_the_shortest_is_malformed(string header) =>
        AssertRefused(ReasonCode.MalformedPacket, header);

    [Theory]
    [InlineData("10 FFFFFFFF")]
    [InlineData("30 80808080")]
    [InlineData("30 FFFFFF8001")]
    public void A_length_of_five_bytes_is_malformed_before_the_fifth_comes(string header) =>
        AssertRefused(ReasonCode.MalformedPacket, header);

    [Fact]
    public void A_packet_over_the_limit_is_refused_by_its_header_alone()
    {
        ReadOnlySequence<byte> five = new(Wire.Bytes("10 FFFFFF7F"));

        FrameStatus status = PacketFrame.Read(in five, 4096, out PacketFrame frame, out PacketFault fault);

        Assert.Equal(FrameStatus.Refused, status);
        Assert.Equal(ReasonCode.PacketTooLarge, fault.Reason);
        Assert.Equal("The packet has 268435460 bytes; at most 4096 are taken.", fault.Detail);
        Assert.Equal(PacketType.Connect, frame.Type);
    }

    // 2 + 98 = 100 bytes.
    [Theory]
    [InlineData(99, "Refused")]
    [InlineData(100, "Complete")]
    public void The_limit_counts_the_header(int largest, string status)
    {
        ReadOnlySequence<byte> packet = new(Wire.Packet(0x30, new byte[98]));

        Assert.Equal(status, PacketFrame.Read(in packet, largest, out _, out _).ToString());
    }

    [Fact]
    public void Flags_are_those_of_the_standards_table()
    {
        for (int first = 0; first < 256; first++)
        {
            int? flags = Flags[first >> 4];
            bool legal = flags == -1 || flags == (first & 0x0F);

            FrameStatus status = AnyPacket.ReadFrame([(byte)first, 0], out PacketFrame frame, out PacketFault fault);

            Assert.Equal((first, legal ? FrameStatus.Complete : FrameStatus.Refused), (first, status));
            Assert.Equal((first, legal ? default : ReasonCode.MalformedPacket), (first, fault.Reason));
            Assert.Equal((first >> 4, first & 0x0F), ((int)frame.Type, frame.Flags));
        }
    }

    [Fact]
    public void A_PINGREQ_with_a_body_is_malformed() => AssertRefused(ReasonCode.MalformedPacket, "C0 01");

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("30 80")]
    [InlineData("30 808080")]
    [InlineData("30 04 000161")]
    public void A_packet_that_has_not_come_whole_is_waited_for(string bytes)
    {
        Assert.Equal(FrameStatus.Incomplete, AnyPacket.ReadFrame(Wire.Bytes(bytes), out PacketFrame frame, out _));

        Assert.Equal(bytes.Length == 0 ? 0 : 0x30, frame.First);
        Assert.Equal(bytes.EndsWith("61", StringComparison.Ordinal) ? 6 : 0, frame.Length);
    }

    [Fact]
    public void What_follows_in_the_buffer_is_the_next_packet()
    {
        Assert.Equal(FrameStatus.Complete, AnyPacket.ReadFrame(Wire.Bytes("C000 30FF"), out PacketFrame frame, out _));

        Assert.Equal(2, frame.Length);
    }

    [Fact]
    public void However_a_packet_is_cut_into_segments_its_header_is_the_same()
    {
        byte[] packet = Wire.Packet(0x32, new byte[20_000]);
        for (int cut = 0; cut < 8; cut++)
        {
            ReadOnlySequence<byte> segments = Segments.Of(
                packet[..cut], [], packet[cut..(cut + 1)], packet[(cut + 1)..(cut + 2)], packet[(cut + 2)..]);

            Assert.Equal(
                FrameStatus.Complete, PacketFrame.Read(in segments, 20_004, out PacketFrame frame, out _));
            Assert.Equal(new PacketFrame(0x32, 4, 20_004), frame);
        }
    }

    private static void AssertRefused(ReasonCode reason, string header)
    {
        Assert.Equal(FrameStatus.Refused, AnyPacket.ReadFrame(Wire.Bytes(header), out _, out PacketFault fault));
        Assert.Equal(reason, fault.Reason);
    }
}
