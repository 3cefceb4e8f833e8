namespace TwinGrid.Storage.History;

/// <summary>
/// Readings of one telemetry packed by columns: times, qualities, flags, types, then the values of each type. Every
/// bit comes back.
/// </summary>
/// <remarks>
/// <code>
/// block  := version:u8 minimum:f64 maximum:f64 count:varint types qualities flags times values*
/// values := numbers | booleans | texts | latitudes longitudes altitudes
///         | rates samples means roots peaks crests kurtoses
/// </code>
/// </remarks>
internal static class ReadingBlock
{
    /// <summary>The version of the form; it stands first.</summary>
    public const byte Version = 1;

    /// <summary>The most readings of one block.</summary>
    public const int MostReadings = 4_096;

    /// <summary>Packs readings.</summary>
    public static byte[] Pack(IReadOnlyList<HistoryReading> readings)
    {
        (double minimum, double maximum) = Range(readings);
        BlockWriter writer = new();
        writer.Byte(Version);
        writer.Double(minimum);
        writer.Double(maximum);
        writer.Varint((ulong)readings.Count);
        byte[] types = Column(readings, static reading => (byte)reading.Value.Type);
        RunColumn.Write(writer, types);
        RunColumn.Write(writer, Column(readings, static reading => (byte)reading.Quality));
        RunColumn.Write(writer, Column(readings, static reading => (byte)reading.Flags));
        IntegerColumn.Write(writer, Column(readings, static reading => reading.Time));
        for (TelemetryType type = TelemetryType.Number; type <= TelemetryType.Waveform; type++)
        {
            if (types.AsSpan().Contains((byte)type))
            {
                WriteValues(writer, type, [.. readings.Select(r => r.Value).Where(value => value.Type == type)]);
            }
        }

        return writer.Written.ToArray();
    }

    /// <summary>What stands in front of a block: what need not be unpacked to be known.</summary>
    /// <exception cref="TwinGridException">It is no block, or one of a newer TwinGrid.</exception>
    public static (double Minimum, double Maximum, int Count) Describe(ReadOnlySpan<byte> block)
    {
        BlockReader reader = new(block);
        return Describe(ref reader);
    }

    /// <summary>Unpacks readings.</summary>
    /// <exception cref="TwinGridException">It is no block, or one of a newer TwinGrid.</exception>
    public static HistoryReading[] Unpack(ReadOnlySpan<byte> block)
    {
        BlockReader reader = new(block);
        int count = Describe(ref reader).Count;
        byte[] types = new byte[count];
        byte[] qualities = new byte[count];
        byte[] flags = new byte[count];
        long[] times = new long[count];
        RunColumn.Read(ref reader, types);
        RunColumn.Read(ref reader, qualities);
        RunColumn.Read(ref reader, flags);
        IntegerColumn.Read(ref reader, times);
        ReadingValue[] values = new ReadingValue[count];
        for (TelemetryType type = TelemetryType.Number; type <= TelemetryType.Waveform; type++)
        {
            int own = types.AsSpan().Count((byte)type);
            if (own > 0)
            {
                Spread(types, (byte)type, ReadValues(ref reader, type, own), values);
            }
        }

        reader.End();
        HistoryReading[] readings = new HistoryReading[count];
        for (int i = 0; i < count; i++)
        {
            readings[i] = new HistoryReading(times[i], values[i], (Quality)qualities[i], (ReadingFlags)flags[i]);
        }

        return readings;
    }

    private static (double Minimum, double Maximum, int Count) Describe(ref BlockReader reader)
    {
        byte version = reader.Byte();
        return version == Version
            ? (reader.Double(), reader.Double(), reader.Count(MostReadings))
            : throw new TwinGridException(
                $"a block of history has version {version} and this TwinGrid reads {Version}: start the version that "
                + "wrote it");
    }

    private static (double Minimum, double Maximum) Range(IReadOnlyList<HistoryReading> readings)
    {
        double minimum = double.NaN;
        double maximum = double.NaN;
        foreach (HistoryReading reading in readings)
        {
            double number = reading.Value.Number;
            minimum = !(number >= minimum) && !double.IsNaN(number) ? number : minimum;
            maximum = !(number <= maximum) && !double.IsNaN(number) ? number : maximum;
        }

        return (minimum, maximum);
    }

    private static T[] Column<T>(IReadOnlyList<HistoryReading> readings, Func<HistoryReading, T> part) =>
        [.. readings.Select(part)];

    private static void Spread(byte[] types, byte type, ReadingValue[] own, ReadingValue[] values)
    {
        int next = 0;
        for (int i = 0; i < types.Length; i++)
        {
            if (types[i] == type)
            {
                values[i] = own[next++];
            }
        }
    }

    private static void WriteValues(BlockWriter writer, TelemetryType type, ReadingValue[] values)
    {
        void Numbers(Func<ReadingValue, double> part) =>
            NumberColumn.Write(writer, Array.ConvertAll(values, value => part(value)));

        switch (type)
        {
            case TelemetryType.Number:
                Numbers(static value => value.Number);
                break;
            case TelemetryType.Boolean:
                IntegerColumn.Write(writer, Array.ConvertAll(values, static value => value.Boolean ? 1L : 0));
                break;
            case TelemetryType.Text:
                TextColumn.Write(writer, Array.ConvertAll(values, static value => value.Text!));
                break;
            case TelemetryType.Position:
                Numbers(static value => value.Position!.Latitude);
                Numbers(static value => value.Position!.Longitude);
                Numbers(static value => value.Position!.Altitude);
                break;
            default:
                Numbers(static value => value.Waveform!.Rate);
                IntegerColumn.Write(writer, Array.ConvertAll(values, static value => (long)value.Waveform!.Samples));
                Numbers(static value => value.Waveform!.Mean);
                Numbers(static value => value.Waveform!.Rms);
                Numbers(static value => value.Waveform!.Peak);
                Numbers(static value => value.Waveform!.Crest);
                Numbers(static value => value.Waveform!.Kurtosis);
                break;
        }
    }

    private static ReadingValue[] ReadValues(ref BlockReader reader, TelemetryType type, int count)
    {
        switch (type)
        {
            case TelemetryType.Number:
                return Array.ConvertAll(Numbers(ref reader, count), static number => ReadingValue.Of(number));
            case TelemetryType.Boolean:
                return Array.ConvertAll(Integers(ref reader, count), static number => ReadingValue.Of(number != 0));
            case TelemetryType.Text:
                string[] texts = new string[count];
                TextColumn.Read(ref reader, texts);
                return Array.ConvertAll(texts, static text => ReadingValue.Of(text));
            case TelemetryType.Position:
                return Positions(Numbers(ref reader, count), Numbers(ref reader, count), Numbers(ref reader, count));
            default:
                return Waveforms(ref reader, count);
        }
    }

    private static ReadingValue[] Positions(double[] latitudes, double[] longitudes, double[] altitudes) =>
        [.. latitudes.Select((latitude, i) =>
            ReadingValue.Of(new GeoPosition(latitude, longitudes[i], altitudes[i])))];

    private static ReadingValue[] Waveforms(ref BlockReader reader, int count)
    {
        double[] rates = Numbers(ref reader, count);
        long[] samples = Integers(ref reader, count);
        double[] means = Numbers(ref reader, count);
        double[] roots = Numbers(ref reader, count);
        double[] peaks = Numbers(ref reader, count);
        double[] crests = Numbers(ref reader, count);
        double[] kurtoses = Numbers(ref reader, count);
        return [.. rates.Select((rate, i) => ReadingValue.Of(new WaveformFeatures(
            rate, (int)samples[i], means[i], roots[i], peaks[i], crests[i], kurtoses[i])))];
    }

    private static double[] Numbers(ref BlockReader reader, int count)
    {
        double[] numbers = new double[count];
        NumberColumn.Read(ref reader, numbers);
        return numbers;
    }

    private static long[] Integers(ref BlockReader reader, int count)
    {
        long[] integers = new long[count];
        IntegerColumn.Read(ref reader, integers);
        return integers;
    }
}
