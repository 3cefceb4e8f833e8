using System.Buffers.Binary;

namespace TwinGrid.Twins.State;

/// <summary>The features of a waveform block that live state keeps, in two passes over its samples.</summary>
internal static class WaveformMath
{
    /// <summary>Computes the features; null when the block is empty, cut off or not finite.</summary>
    /// <param name="data">The samples in their encoding.</param>
    /// <param name="encoding">How they are written.</param>
    /// <param name="scale">What each is multiplied by.</param>
    /// <param name="rate">Samples per second, Hz.</param>
    public static WaveformFeatures? Features(
        ReadOnlySpan<byte> data, WaveformEncoding encoding, double scale, double rate)
    {
        int size = encoding switch
        {
            WaveformEncoding.Float64 => sizeof(double),
            WaveformEncoding.Float32 => sizeof(float),
            _ => sizeof(short),
        };
        int count = data.Length / size;
        if (count == 0 || data.Length % size != 0 || !(rate > 0) || !double.IsFinite(rate) || !double.IsFinite(scale))
        {
            return null;
        }

        (double sum, double squares, double peak) = (0, 0, 0);
        for (int i = 0; i < count; i++)
        {
            double sample = Sample(data, encoding, i) * scale;
            sum += sample;
            squares += sample * sample;
            peak = Math.Max(peak, Math.Abs(sample));
        }

        double mean = sum / count;
        double rms = Math.Sqrt(squares / count);
        if (!double.IsFinite(rms) || !double.IsFinite(mean))
        {
            return null;
        }

        double crest = rms > 0 ? peak / rms : 0;
        return new WaveformFeatures(rate, count, mean, rms, peak, crest, Kurtosis(data, encoding, scale, count, mean));
    }

    private static double Kurtosis(
        ReadOnlySpan<byte> data, WaveformEncoding encoding, double scale, int count, double mean)
    {
        (double second, double fourth) = (0, 0);
        for (int i = 0; i < count; i++)
        {
            double deviation = (Sample(data, encoding, i) * scale) - mean;
            double square = deviation * deviation;
            second += square;
            fourth += square * square;
        }

        double kurtosis = count * fourth / (second * second);
        return double.IsFinite(kurtosis) ? kurtosis : 0;
    }

    private static double Sample(ReadOnlySpan<byte> data, WaveformEncoding encoding, int index) => encoding switch
    {
        WaveformEncoding.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(data[(index * sizeof(double))..]),
        WaveformEncoding.Float32 => BinaryPrimitives.ReadSingleLittleEndian(data[(index * sizeof(float))..]),
        _ => BinaryPrimitives.ReadInt16LittleEndian(data[(index * sizeof(short))..]),
    };
}
