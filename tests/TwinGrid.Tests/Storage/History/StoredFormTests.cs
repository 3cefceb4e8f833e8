using System.Text;
using TwinGrid.Storage.History;

namespace TwinGrid.Tests.Storage.History;

/// <summary>
/// What version 1 of the forms of sealed history wrote is read as it was, column for column: whoever changes a form
/// gives it the next version, and these bytes stay.
/// </summary>
public sealed class StoredFormTests
{
    private static readonly TwinId Pump = new("pump", "p1");

    private static readonly HistoryReading[] Readings =
    [
        Reading(10, ReadingValue.Of(1.5), Quality.Good, ReadingFlags.None),
        Reading(20, ReadingValue.Of(-2.25), Quality.Uncertain, ReadingFlags.Late),
        Reading(30, ReadingValue.Of(true), Quality.Good, ReadingFlags.Historical),
        Reading(40, ReadingValue.Of("open"), Quality.Bad, ReadingFlags.None),
        Reading(50, ReadingValue.Of(new GeoPosition(47.5, 8.25, 410)), Quality.Good, ReadingFlags.None),
        Reading(
            60,
            ReadingValue.Of(new WaveformFeatures(25_600, 4_096, 0.5, 1.25, 4, 3.2, 2.875)),
            Quality.Good,
            ReadingFlags.Future),
    ];

    private static readonly TwinTurn[] Turns = [Turn(7, 100, 1, "one"), Turn(8, 250, 1, "two2"), Turn(9, 255, 2, "3")];

    [Fact]
    public void A_block_of_readings_of_version_1_is_read_as_it_was() =>
        Assert.Equal(Readings, ReadingBlock.Unpack(Convert.FromHexString(Block)));

    [Fact]
    public void A_segment_of_turns_of_version_1_is_read_as_it_was() => Assert.Equal(
        Turns.Select(SealedHistory.Text),
        TurnSegment.Unpack(Pump, 7, Convert.FromHexString(Segment)).Select(SealedHistory.Text));

    [Fact]
    public void Bytes_behind_a_form_or_before_its_end_are_those_of_another()
    {
        byte[] block = ReadingBlock.Pack(Readings);
        byte[] segment = TurnSegment.Pack(Turns);
        Assert.Throws<TwinGridException>(() => ReadingBlock.Unpack([.. block, 0]));
        Assert.Throws<TwinGridException>(() => ReadingBlock.Unpack(block.AsSpan(0, block.Length - 1)));
        Assert.Throws<TwinGridException>(() => TurnSegment.Unpack(Pump, 7, [.. segment, 0]));
        Assert.Throws<TwinGridException>(() => TurnSegment.Unpack(Pump, 7, segment.AsSpan(0, segment.Length - 1)));
    }

    [Fact]
    public void A_row_whose_packed_bytes_reach_into_its_state_is_not_read_though_the_checksum_of_both_is_the_same()
    {
        byte[] segment = TurnSegment.Pack(Turns);
        HistoryRow row = new(null, 7, 9, 100, 255, segment, [1, 0, 0]);
        HistoryRow shifted = row with { Packed = (byte[])[.. segment, 1], State = [0, 0] };
        Assert.Equal(row.Checksum(Pump), shifted.Checksum(Pump));
        Assert.Equal(3, row.Turns(Pump).Length);

        Assert.Throws<TwinGridException>(() => shifted.Turns(Pump));
    }

    [Fact]
    public void A_segment_whose_columns_were_put_in_the_place_of_each_other_is_not_read()
    {
        // Times and lengths are columns of one sort: exchanged they unpack, and what stands beside them is not theirs.
        BlockWriter writer = new();
        writer.Byte(TurnSegment.Version);
        writer.Varint(3);
        IntegerColumn.Write(writer, [3, 4, 1]);
        RunColumn.Write(writer, [1, 1, 2]);
        IntegerColumn.Write(writer, [3, 4, 1]);
        Packed.Write(writer, "onetwo23"u8, System.IO.Compression.CompressionLevel.Optimal);
        HistoryRow exchanged = new(null, 7, 9, 100, 255, writer.Written.ToArray());

        Assert.Throws<TwinGridException>(() => exchanged.Turns(Pump));
        Assert.Equal(3, (exchanged with { FirstTime = 1, LastTime = 4 }).Turns(Pump).Length);
        Assert.Throws<TwinGridException>(
            () => (exchanged with { FirstTime = 1, LastTime = 4, LastRevision = 10 }).Turns(Pump));
    }

    private const string Block =
        "0100000000000002C0000000000000F83F060102020103010401050100010101000102010002000101010201"
        + "00020401029480AFA2DBFFAD060A037FFFF800000000000080808080808080F87F81808080808080FD7F0380"
        + "FFF8000002010000010505046F70656E00000100000000000000808080808080E0C780010100000000000000"
        + "808080808080C0A080010100000000000000808080808080D0F98001010000000000000080808080808080D9"
        + "8101010000008040010000000000000080808080808080E07F010000000000000080808080808080F47F0100"
        + "000000000000808080808080809080010100000000000000B4E6CC99B3E6CC89800101000000000000008080"
        + "8080808080878001010000";

    private const string Segment =
        "010301C8010503887FF801E00102020100060104808377E0010008086F6E6574776F3233";

    private static HistoryReading Reading(long time, ReadingValue value, Quality quality, ReadingFlags flags) =>
        new(1_790_000_000_000_000 + time, value, quality, flags);

    private static TwinTurn Turn(long revision, long time, byte fold, string inputs) => new()
    {
        Twin = Pump,
        Revision = revision,
        Time = time,
        FoldVersion = fold,
        Inputs = Encoding.UTF8.GetBytes(inputs),
    };
}
