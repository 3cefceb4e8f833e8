using CsCheck;
using TwinGrid.Storage.History;

namespace TwinGrid.Tests.Storage.History;

public sealed class ColumnTests
{
    private static readonly Gen<double> s_anyFinite = Gen.Long.Select(BitConverter.Int64BitsToDouble)
        .Where(double.IsFinite);

    private static readonly Gen<double> s_sensor = Gen.OneOf(
        Gen.Select(Gen.Int[-100_000, 100_000], Gen.Int[0, 6]).Select((whole, places) => whole / Math.Pow(10, places)),
        Gen.Float[-1e6f, 1e6f].Select(value => (double)value),
        Gen.Float[-1e4f, 1e4f].Select(value => Math.Round((double)value, 7)),
        Gen.Double[-1, 1],
        AnyOf(
            0.0, -0.0, double.Epsilon, double.MaxValue, double.MinValue, 1e300, 1e-300, 4.9e-310, 9007199254740993,
            0.1));

    [Fact]
    public void Any_double_comes_back_bit_for_bit() => s_anyFinite.Array[0, 300].Sample(ShouldComeBack);

    [Fact]
    public void What_sensors_send_comes_back_bit_for_bit() => s_sensor.Array[0, 300].Sample(ShouldComeBack);

    [Fact]
    public void Any_whole_number_comes_back() =>
        Gen.OneOf(Gen.Long, Gen.Int.Select(i => (long)i), AnyOf(long.MinValue, long.MaxValue, 0L, -1L))
            .Array[0, 300].Sample(values =>
            {
                BlockWriter writer = new();
                IntegerColumn.Write(writer, values);
                BlockReader reader = new(writer.Written);
                long[] read = new long[values.Length];
                IntegerColumn.Read(ref reader, read);
                Assert.Equal(values, read);
            });

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(600_000_000)]
    public void A_regular_series_of_times_costs_a_hundredth_of_a_byte_each(long step)
    {
        BlockWriter writer = new();
        IntegerColumn.Write(writer, [.. Enumerable.Range(0, 4_096).Select(i => 1_790_000_000_000_000 + (i * step))]);

        Assert.InRange(writer.Written.Length, 1, 41);
    }

    [Fact]
    public void Decimals_cost_what_their_digits_cost()
    {
        // Tenths of degrees that walk by at most one tenth: three equally likely steps are log2(3) = 1.58 bits.
        Random random = new(7);
        double[] values = new double[4_096];
        int tenths = 210;
        for (int i = 0; i < values.Length; i++)
        {
            tenths += random.Next(3) - 1;
            values[i] = tenths / 10.0;
        }

        // 1.58 bits of 4,096 values are 811 bytes.
        Assert.InRange(Size(values), 811, 811 * 1.06);
    }

    [Fact]
    public void A_value_that_is_odd_costs_its_own_bytes_and_not_those_of_the_others()
    {
        double[] values = [.. Enumerable.Range(0, 1_000).Select(i => i / 2.0)];
        int plain = Size(values);
        values[500] = Math.PI;

        Assert.InRange(Size(values), plain, plain + 32);
    }

    [Fact]
    public void Bytes_that_are_no_block_are_refused_and_never_read_beyond_their_end()
    {
        HistoryReading[] readings =
        [
            .. Enumerable.Range(0, 200).Select(i => new HistoryReading(
                1_790_000_000_000_000 + (i * 1_000_003L),
                i % 3 == 0 ? ReadingValue.Of($"text {i % 5}") : ReadingValue.Of(Math.Sqrt(i)),
                Quality.Good,
                ReadingFlags.None)),
        ];
        byte[] block = ReadingBlock.Pack(readings);
        Gen.Select(Gen.Int[0, block.Length - 1], Gen.Byte, Gen.Int[0, block.Length]).Sample((at, value, length) =>
        {
            byte[] damaged = [.. block[..length]];
            if (at < length)
            {
                damaged[at] = value;
            }

            try
            {
                // Damage that leaves a form that can be read is found by the row's checksum.
                Assert.InRange(ReadingBlock.Unpack(damaged).Length, 0, ReadingBlock.MostReadings);
            }
            catch (TwinGridException e)
            {
                Assert.NotEmpty(e.Message);
            }
        });
    }

    private static int Size(double[] values)
    {
        BlockWriter writer = new();
        NumberColumn.Write(writer, values);
        return writer.Written.Length;
    }

    private static void ShouldComeBack(double[] values)
    {
        BlockWriter writer = new();
        NumberColumn.Write(writer, values);
        BlockReader reader = new(writer.Written);
        double[] read = new double[values.Length];
        NumberColumn.Read(ref reader, read);
        Assert.Equal(values.Select(BitConverter.DoubleToInt64Bits), read.Select(BitConverter.DoubleToInt64Bits));
    }

    private static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
