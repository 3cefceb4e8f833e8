using System.Text;
using TwinGrid.Storage.Log;

namespace TwinGrid.Tests.Storage;

public sealed class Crc32CTests
{
    // RFC 3720 appendix B.4 gives the four patterns of 32 bytes; "123456789" is the usual check value of CRC-32C.
    public static TheoryData<byte[], uint> Published => new()
    {
        { Encoding.ASCII.GetBytes("123456789"), 0xE3069283 },
        { new byte[32], 0x8A9136AA },
        { Enumerable.Repeat((byte)0xFF, 32).ToArray(), 0x62A8AB43 },
        { Enumerable.Range(0, 32).Select(i => (byte)i).ToArray(), 0x46DD794E },
        { Enumerable.Range(0, 32).Select(i => (byte)(31 - i)).ToArray(), 0x113FDB5C },
        { [], 0 },
    };

    [Theory, MemberData(nameof(Published))]
    public void The_published_vectors_come_out(byte[] bytes, uint expected)
    {
        Crc32C crc = new();
        crc.Add(bytes);

        Assert.Equal(expected, crc.Value);
    }

    [Fact]
    public void Parts_give_the_checksum_of_the_whole()
    {
        Crc32C crc = new();
        crc.Add("12345"u8);
        crc.Add((byte)'6');
        crc.Add("789"u8);

        Assert.Equal(0xE3069283, crc.Value);
    }

    [Fact]
    public void A_number_is_eight_bytes_little_endian()
    {
        // The bytes "12345678" read as a little-endian number.
        Crc32C crc = new();
        crc.Add(0x3837363534333231L);
        crc.Add((byte)'9');

        Assert.Equal(0xE3069283, crc.Value);
    }

    [Fact]
    public void A_turn_moved_to_another_twin_has_another_checksum()
    {
        TwinTurn turn = StoreDirectory.Turn(new TwinId("pump", "a"), 3);

        Assert.NotEqual(LogRow.Checksum(turn), LogRow.Checksum(turn with { Twin = new TwinId("pum", "pa") }));
        Assert.NotEqual(LogRow.Checksum(turn), LogRow.Checksum(turn with { Revision = 4 }));
        Assert.NotEqual(LogRow.Checksum(turn), LogRow.Checksum(turn with { Time = turn.Time + 1 }));
        Assert.NotEqual(LogRow.Checksum(turn), LogRow.Checksum(turn with { FoldVersion = 2 }));
    }
}
