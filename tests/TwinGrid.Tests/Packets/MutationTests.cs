using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

/// <summary>Every packet of the corpus, cut off and damaged in every place.</summary>
public class MutationTests
{
    [Fact]
    public void A_packet_that_is_cut_off_anywhere_is_waited_for()
    {
        foreach (CorpusPacket packet in PacketCorpus.All)
        {
            byte[] bytes = packet.Bytes;
            for (int length = 0; length < bytes.Length; length++)
            {
                Assert.Equal(FrameStatus.Incomplete, AnyPacket.ReadFrame(bytes[..length], out _, out _));
            }
        }
    }

    [Fact]
    public void A_body_that_is_cut_off_anywhere_is_malformed_unless_that_is_a_packet_too()
    {
        foreach (CorpusPacket packet in PacketCorpus.All)
        {
            byte[] bytes = packet.Bytes;
            AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _);
            byte[] body = bytes[frame.HeaderLength..];

            IEnumerable<int> taken = Enumerable.Range(0, body.Length)
                .Where(length => AnyPacket.ReadBody(frame, body.AsSpan(0, length), packet.Version) is null);

            Assert.Equal(
                $"{packet.Name}: {string.Join(' ', LegalLengths(frame.Type, packet))}",
                $"{packet.Name}: {string.Join(' ', taken)}");
        }
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_an_answer_and_never_an_exception() => Damage(
        (bytes, i) => Enumerable.Range(0, 8).Select(bit => (byte)(bytes[i] ^ (1 << bit))));

    [Fact]
    public void Any_byte_anywhere_is_an_answer_and_never_an_exception() => Damage(
        (_, _) => Enumerable.Range(0, 256).Select(value => (byte)value));

    private static void Damage(Func<byte[], int, IEnumerable<byte>> values)
    {
        foreach (CorpusPacket packet in PacketCorpus.All)
        {
            byte[] bytes = packet.Bytes;
            AnyPacket.ReadFrame(bytes, out PacketFrame frame, out _);
            for (int i = 0; i < bytes.Length; i++)
            {
                byte was = bytes[i];
                foreach (byte value in values(packet.Bytes, i))
                {
                    bytes[i] = value;
                    AnyPacket.ReadFrame(bytes, out _, out _);
                    AnyPacket.ReadBody(frame, bytes.AsSpan(frame.HeaderLength), packet.Version);
                }

                bytes[i] = was;
            }

            Assert.Null(AnyPacket.Read(bytes, packet.Version));
        }
    }

    /// <summary>
    /// Where a shorter body is a packet, too: a PUBLISH within its payload, a list of filters after one of them, what
    /// MQTT 5 lets answers and DISCONNECT leave out.
    /// </summary>
    private static int[] LegalLengths(PacketType type, CorpusPacket packet)
    {
        byte[] bytes = packet.Bytes;
        int header = bytes.Length > 129 ? 3 : 2;
        int body = bytes.Length - header;
        bool v5 = packet.Version == ProtocolVersion.V5;
        switch (type)
        {
            case PacketType.Publish:
                int payload = body - PayloadLength(packet);
                return [.. Enumerable.Range(payload, body - payload)];
            case PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp:
                return [.. new[] { 2, 3 }.Where(length => v5 && length < body)];
            case PacketType.Disconnect:
                return [.. new[] { 0, 1 }.Where(length => v5 && length < body)];
            case PacketType.Subscribe or PacketType.Unsubscribe:
                return [.. FilterEnds(bytes.AsSpan(header), v5, type == PacketType.Subscribe ? 1 : 0)];
            default:
                return [];
        }
    }

    // The corpus writes the payload last, in quotes of its own.
    private static int PayloadLength(CorpusPacket packet)
    {
        string last = packet.Notation.Trim().TrimEnd('}').TrimEnd().Split((char[])[' ', '\n'])[^1];
        return last[0] == '\'' ? Wire.Bytes(last).Length : 0;
    }

    private static List<int> FilterEnds(ReadOnlySpan<byte> body, bool v5, int options)
    {
        List<int> ends = [];
        int at = 2 + (v5 ? 1 + body[2] : 0);
        while (at < body.Length)
        {
            at += 2 + ((body[at] << 8) | body[at + 1]) + options;
            ends.Add(at);
        }

        ends.RemoveAt(ends.Count - 1);
        return ends;
    }
}
