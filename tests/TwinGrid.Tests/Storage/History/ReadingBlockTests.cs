using System.Globalization;
using System.Text;
using CsCheck;
using TwinGrid.Storage.History;

namespace TwinGrid.Tests.Storage.History;

public sealed class ReadingBlockTests
{
    private static readonly Gen<ReadingValue> s_value = Gen.OneOf(
        Gen.Double[-1e9, 1e9].Select(ReadingValue.Of),
        Gen.Int[-50, 500].Select(tenths => ReadingValue.Of(tenths / 10.0)),
        Gen.Bool.Select(ReadingValue.Of),
        Gen.OneOf(Gen.String, AnyOf("open", "closed", "")).Where(text => IsText(text)).Select(ReadingValue.Of),
        Gen.Select(Gen.Double[-90, 90], Gen.Double[-180, 180], AnyOf(double.NaN, 12.5))
            .Select((latitude, longitude, altitude) => ReadingValue.Of(new GeoPosition(latitude, longitude, altitude))),
        Gen.Select(Gen.Double[0, 1e4], Gen.Int[1, 4_096]).Select((rate, samples) =>
            ReadingValue.Of(new WaveformFeatures(rate, samples, rate / 3, rate / 7, -rate, 1.5, 3.0))),
        Gen.Const(default(ReadingValue)));

    private static readonly Gen<HistoryReading> s_reading = Gen.Select(
        Gen.Long[1_700_000_000_000_000, 1_800_000_000_000_000], s_value, Gen.Int[0, 2], Gen.Int[0, 15])
        .Select((time, value, quality, flags) =>
            new HistoryReading(time, value, (Quality)quality, (ReadingFlags)flags));

    [Fact]
    public void Any_readings_come_back_as_they_were() => s_reading.Array[1, 200].Sample(readings =>
        Assert.Equal(readings, ReadingBlock.Unpack(ReadingBlock.Pack(readings))));

    [Fact]
    public void What_stands_in_front_is_true() => s_reading.Array[1, 100].Sample(readings =>
    {
        (double minimum, double maximum, int count) = ReadingBlock.Describe(ReadingBlock.Pack(readings));
        double[] numbers = [.. readings.Select(r => r.Value.Number).Where(number => !double.IsNaN(number))];
        Assert.Equal(readings.Length, count);
        Assert.Equal(numbers.Length == 0 ? double.NaN : numbers.Min(), minimum);
        Assert.Equal(numbers.Length == 0 ? double.NaN : numbers.Max(), maximum);
    });

    [Fact]
    public void A_block_of_a_newer_version_is_refused_by_its_number()
    {
        byte[] block = ReadingBlock.Pack([new HistoryReading(1, ReadingValue.Of(1), Quality.Good, default)]);
        block[0] = 2;
        TwinGridException refused = Assert.Throws<TwinGridException>(() => ReadingBlock.Unpack(block));
        Assert.Contains("version 2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_turbines_year_takes_at_most_three_bytes_a_reading()
    {
        string? file = FindRecord();
        Assert.SkipWhen(file is null, "shared/data/wind-scada is not beside this checkout");
        string[][] rows = [.. File.ReadLines(file!, Encoding.Latin1).Skip(1).Select(line => line.Split(','))];
        StringBuilder report = new();
        double total = 0;
        for (int column = 1; column <= 4; column++)
        {
            HistoryReading[] readings = [.. rows.Select(row => Reading(row, column))];
            long bytes = readings.Chunk(1_024).Sum(chunk => (long)Packed(chunk).Length);
            double each = (double)bytes / readings.Length;
            double gorilla = readings.Chunk(1_024).Sum(GorillaBits) / 8.0 / readings.Length;
            report.AppendLine(CultureInfo.InvariantCulture, $"column {column}: {each:0.000}, Gorilla {gorilla:0.000}");
            total += each / 4;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{report}mean {total:0.000} bytes a reading");
        Assert.True(total <= 3, $"{report}mean {total}");
    }

    private static byte[] Packed(HistoryReading[] readings)
    {
        byte[] block = ReadingBlock.Pack(readings);
        Assert.Equal(readings, ReadingBlock.Unpack(block));
        return block;
    }

    // The bits of a block after section 4.1 of the paper: what one gets with the well-known scheme.
    private static double GorillaBits(HistoryReading[] readings)
    {
        double bits = 64 + 64;
        (long lastStep, int leading, int trailing) = (0, 65, 0);
        for (int i = 1; i < readings.Length; i++)
        {
            long step = (readings[i].Time - readings[i - 1].Time) / 1_000_000;
            long change = Math.Abs(step - lastStep);
            bits += change switch { 0 => 1, <= 63 => 9, <= 255 => 12, <= 2_047 => 16, _ => 36 };
            lastStep = step;
            ulong xor = BitConverter.DoubleToUInt64Bits(readings[i].Value.Number)
                ^ BitConverter.DoubleToUInt64Bits(readings[i - 1].Value.Number);
            if (xor == 0)
            {
                bits += 1;
                continue;
            }

            int zeros = Math.Min(31, System.Numerics.BitOperations.LeadingZeroCount(xor));
            int ends = System.Numerics.BitOperations.TrailingZeroCount(xor);
            if (zeros >= leading && ends >= trailing)
            {
                bits += 2 + 64 - leading - trailing;
                continue;
            }

            (leading, trailing) = (zeros, ends);
            bits += 2 + 5 + 6 + 64 - zeros - ends;
        }

        return bits;
    }

    private static HistoryReading Reading(string[] row, int column)
    {
        DateTime time = DateTime.ParseExact(row[0], "dd MM yyyy HH:mm", CultureInfo.InvariantCulture);
        return new HistoryReading(
            UnixMicroseconds.From(new DateTimeOffset(time, TimeSpan.Zero)),
            ReadingValue.Of(double.Parse(row[column], CultureInfo.InvariantCulture) + 0.0),
            Quality.Good,
            ReadingFlags.None);
    }

    private static bool IsText(string text) =>
        text == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static string? FindRecord()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string file = Path.Combine(folder.FullName, "shared", "data", "wind-scada", "T1.csv");
            if (File.Exists(file))
            {
                return file;
            }
        }

        return null;
    }

    private static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
