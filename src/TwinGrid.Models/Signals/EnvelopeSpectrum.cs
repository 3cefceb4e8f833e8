using System.Buffers;
using System.Numerics;

namespace TwinGrid.Models.Signals;

/// <summary>
/// The spectrum of a block's squared envelope in a band: at which rates the energy in the band comes and goes. Borrows
/// its arrays; give them back with <see cref="Dispose"/>.
/// </summary>
/// <remarks>
/// Randall and Antoni 2011, section 5: of the block's one-sided spectrum the lines of the band alone are transformed
/// back, which gives the analytic signal; its squared magnitude is divided by its mean, weighted by a Hann window
/// and transformed. A line's amplitude is thus a depth of modulation: (1 + m·cos ωt)·carrier gives 2m/(1 + m²/2) at ω.
/// The block is filled up with zeros to a power of two; the length of the envelope is at least twice the band's lines,
/// because squaring doubles the bandwidth.
/// </remarks>
internal ref struct EnvelopeSpectrum
{
    /// <summary>With fewer samples or lines in the band there is no spectrum.</summary>
    public const int FewestSamples = 64;
    private const int FewestLines = 16;

    private double[]? _amplitudes;

    /// <summary>The amplitudes of the lines, the first of them at 0 Hz; empty where there is no spectrum.</summary>
    public readonly Span<double> Lines => _amplitudes.AsSpan(0, Count);

    /// <summary>How many lines there are.</summary>
    public int Count { get; private set; }

    /// <summary>From line to line, Hz.</summary>
    public double Step { get; private set; }

    /// <summary>How many lines a tone is wide: the Hann window's main lobe in lines of <see cref="Step"/>.</summary>
    public double Width { get; private set; }

    /// <summary>Makes it.</summary>
    /// <param name="block">The samples; finite.</param>
    /// <param name="mean">Their mean.</param>
    /// <param name="peak">The greatest absolute value.</param>
    /// <param name="lower">Where the band begins, Hz.</param>
    /// <param name="upper">Where it ends, Hz.</param>
    public static EnvelopeSpectrum Of(in WaveformBlock block, double mean, double peak, double lower, double upper)
    {
        EnvelopeSpectrum spectrum = default;
        int samples = block.Length;
        if (samples < FewestSamples || !(peak > 0))
        {
            return spectrum;
        }

        int size = (int)BitOperations.RoundUpToPowerOf2((uint)samples);
        double step = block.Rate / size;
        int first = (int)Math.Ceiling(Math.Clamp(lower / step, 1, size));
        int end = (int)Math.Floor(Math.Clamp(upper / step, 0, (size / 2) - 1)) + 1;
        if (end - first < FewestLines)
        {
            return spectrum;
        }

        Complex[] signal = ArrayPool<Complex>.Shared.Rent(size);
        if (Fill(signal.AsSpan(0, size), block, samples, mean, peak))
        {
            FourierTransform.Forward(signal.AsSpan(0, size));
            int envelope = (int)BitOperations.RoundUpToPowerOf2((uint)(2 * (end - first)));
            spectrum.Step = step;
            spectrum.Width = 2.0 * size / samples;
            spectrum.Make(signal, first, end, envelope, (int)((long)samples * envelope / size));
        }

        ArrayPool<Complex>.Shared.Return(signal);
        return spectrum;
    }

    /// <summary>The greatest amplitude from one frequency to another, widened to whole lines, Hz.</summary>
    public readonly double Peak(double from, double to)
    {
        int first = Math.Max(1, (int)Math.Round(from / Step));
        int last = Math.Min(Count - 1, (int)Math.Round(to / Step));
        double peak = 0;
        for (int i = first; i <= last; i++)
        {
            peak = Math.Max(peak, _amplitudes![i]);
        }

        return peak;
    }

    /// <summary>The median amplitude of the lines up to a frequency; destroys their order.</summary>
    public readonly double Floor(double to)
    {
        int first = (int)Math.Ceiling(Width);
        int last = Math.Min(Count - 1, (int)(to / Step));
        if (last <= first)
        {
            return 0;
        }

        Span<double> lines = _amplitudes.AsSpan(first, last - first + 1);
        lines.Sort();
        return lines[lines.Length / 2];
    }

    public readonly void Dispose()
    {
        if (_amplitudes is not null)
        {
            ArrayPool<double>.Shared.Return(_amplitudes);
        }
    }

    /// <summary>The block without its mean, in units of its peak; false where nothing but rounding is left.</summary>
    private static bool Fill(Span<Complex> signal, in WaveformBlock block, int samples, double mean, double peak)
    {
        double energy = 0;
        for (int i = 0; i < samples; i++)
        {
            double value = (block[i] - mean) / peak;
            signal[i] = value;
            energy += value * value;
        }

        signal[samples..].Clear();
        return energy > samples * Magnitude.Rounding * Magnitude.Rounding;
    }

    private void Make(Span<Complex> signal, int first, int end, int size, int valid)
    {
        Span<Complex> band = signal[..size];
        signal[first..end].CopyTo(band);
        band[(end - first)..].Clear();
        FourierTransform.Inverse(band);

        double mean = 0;
        for (int t = 0; t < valid; t++)
        {
            Complex z = band[t];
            double square = (z.Real * z.Real) + (z.Imaginary * z.Imaginary);
            band[t] = square;
            mean += square / valid;
        }

        // A band without energy has an envelope of rounding: nothing can be told of it.
        if (!(mean > Magnitude.Rounding * Magnitude.Rounding))
        {
            return;
        }

        for (int t = 0; t < valid; t++)
        {
            double window = 0.5 - (0.5 * Math.Cos(2 * Math.PI * t / valid));
            band[t] = ((band[t].Real / mean) - 1) * window;
        }

        band[valid..].Clear();
        FourierTransform.Forward(band);
        Count = end - first;
        _amplitudes = ArrayPool<double>.Shared.Rent(Count);
        for (int k = 0; k < Count; k++)
        {
            // The window's sum is half of its length, and each tone has two lines.
            _amplitudes[k] = 4 * band[k].Magnitude / valid;
        }
    }
}
