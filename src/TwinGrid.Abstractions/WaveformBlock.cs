using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace TwinGrid;

/// <summary>
/// The samples of a waveform as they came: a view of the message, gone after the turn. Nothing is copied or decoded
/// before it is asked for.
/// </summary>
public readonly ref struct WaveformBlock
{
    // Between these no power of a sample that is summed is infinite or nothing.
    private const double Tiny = 1e-70;
    private const double Huge = 1e70;

    /// <summary>The part of a sample that is rounding, not signal.</summary>
    private const double Rounding = 1e-12;

    private readonly ReadOnlySpan<byte> _data;
    private readonly WaveformEncoding _encoding;
    private readonly double _scale;

    /// <summary>Takes samples in their encoding.</summary>
    /// <param name="data">The samples.</param>
    /// <param name="encoding">How they are written.</param>
    /// <param name="scale">What each is multiplied by.</param>
    /// <param name="rate">Samples per second, Hz.</param>
    public WaveformBlock(ReadOnlySpan<byte> data, WaveformEncoding encoding, double scale, double rate)
    {
        _data = data;
        _encoding = encoding;
        _scale = scale;
        Rate = rate;
    }

    /// <summary>Takes samples in their unit.</summary>
    public WaveformBlock(ReadOnlySpan<double> samples, double rate)
        : this(MemoryMarshal.AsBytes(samples), WaveformEncoding.Float64, 1, rate)
    {
    }

    /// <summary>Samples per second, Hz.</summary>
    public double Rate { get; }

    /// <summary>How many samples it has.</summary>
    public int Length => _data.Length / SampleSize;

    /// <summary>True when no block came.</summary>
    public bool IsEmpty => _data.IsEmpty;

    /// <summary>What <see cref="Measure"/> gave where that was done before, else null.</summary>
    public WaveformFeatures? Features { get; init; }

    private int SampleSize => _encoding switch
    {
        WaveformEncoding.Float64 => sizeof(double),
        WaveformEncoding.Float32 => sizeof(float),
        _ => sizeof(short),
    };

    /// <summary>One sample, in the telemetry's unit.</summary>
    public double this[int index] => _scale * _encoding switch
    {
        WaveformEncoding.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(_data[(index * sizeof(double))..]),
        WaveformEncoding.Float32 => BinaryPrimitives.ReadSingleLittleEndian(_data[(index * sizeof(float))..]),
        _ => BinaryPrimitives.ReadInt16LittleEndian(_data[(index * sizeof(short))..]),
    };

    /// <summary>
    /// The features that live state keeps, in two passes; null when the block is empty, cut off or not finite.
    /// </summary>
    public WaveformFeatures? Measure()
    {
        int count = Length;
        if (count == 0
            || _data.Length % SampleSize != 0
            || !(Rate > 0)
            || !double.IsFinite(Rate)
            || !double.IsFinite(_scale))
        {
            return null;
        }

        (double sum, double squares, double peak) = (0, 0, 0);
        for (int i = 0; i < count; i++)
        {
            double sample = this[i];
            sum += sample;
            squares += sample * sample;
            peak = Math.Max(peak, Math.Abs(sample));
        }

        if (!double.IsFinite(peak))
        {
            return null;
        }

        if (peak is not (0 or (>= Tiny and <= Huge)))
        {
            return MeasureNearOne(peak);
        }

        double mean = sum / count;
        double rms = Math.Sqrt(squares / count);
        double crest = rms > 0 ? peak / rms : 0;
        return new WaveformFeatures(Rate, count, mean, rms, peak, crest, Kurtosis(mean, peak));
    }

    // Its powers would be infinite, or nothing. Twos are taken out and put back, which rounds nothing.
    private WaveformFeatures? MeasureNearOne(double peak)
    {
        int twos = Math.Clamp(Math.ILogB(peak), -1000, 1000);
        return new WaveformBlock(_data, _encoding, Math.ScaleB(_scale, -twos), Rate).Measure() is { } near
            ? near with
            {
                Mean = Math.ScaleB(near.Mean, twos),
                Rms = Math.ScaleB(near.Rms, twos),
                Peak = peak,
            }
            : null;
    }

    private double Kurtosis(double mean, double peak)
    {
        int count = Length;
        (double second, double fourth) = (0, 0);
        for (int i = 0; i < count; i++)
        {
            double deviation = this[i] - mean;
            double square = deviation * deviation;
            second += square;
            fourth += square * square;
        }

        // What is left of a constant block is the rounding of its mean.
        double rounding = Rounding * peak;
        return second > count * rounding * rounding ? count * fourth / (second * second) : 0;
    }
}
