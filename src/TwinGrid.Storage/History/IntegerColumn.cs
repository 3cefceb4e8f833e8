using System.Numerics;

namespace TwinGrid.Storage.History;

/// <summary>
/// A column of whole numbers: the numbers themselves, their differences or the differences of those, whichever is
/// smallest, divided by what divides all of them. Of each the length in bits and the sign are coded by what came
/// before, the bits below the first as they are: close to what the numbers are worth where their size is all that can
/// be foreseen.
/// </summary>
/// <remarks>
/// Differences of differences make a regular series of times nearly nothing (T. Pelkonen et al., "Gorilla", PVLDB
/// 8(12), 2015). Arithmetic wraps, so that every 64 bits come back.
/// </remarks>
internal static class IntegerColumn
{
    private const int Lengths = 65;

    /// <summary>Appends a column; its count is not written.</summary>
    public static void Write(BlockWriter writer, ReadOnlySpan<long> values)
    {
        if (values.IsEmpty)
        {
            return;
        }

        long step = Step(values);
        int order = BestOrder(values, step, out _);
        writer.Byte((byte)order);
        writer.Signed(values[0]);
        writer.Varint((ulong)step);
        Model model = new();
        BitEncoder encoder = new();
        Differences differences = new(order);
        foreach (long value in values[1..])
        {
            model.Write(encoder, differences.Next(unchecked(value - values[0]) / step));
        }

        encoder.Finish(writer);
    }

    /// <summary>Reads a column of as many numbers as there is room for.</summary>
    public static void Read(ref BlockReader reader, Span<long> values)
    {
        if (values.IsEmpty)
        {
            return;
        }

        int order = reader.Byte();
        long first = values[0] = reader.Signed();
        long step = (long)reader.Varint();
        if (order > 2 || step <= 0)
        {
            throw BlockReader.Damaged();
        }

        Model model = new();
        BitDecoder decoder = new(ref reader);
        Differences differences = new(order);
        for (int i = 1; i < values.Length; i++)
        {
            values[i] = unchecked(first + (differences.Undo(model.Read(ref decoder)) * step));
        }
    }

    /// <summary>About how many bits a column takes.</summary>
    public static double Cost(ReadOnlySpan<long> values)
    {
        if (values.IsEmpty)
        {
            return 0;
        }

        BestOrder(values, Step(values), out double bits);
        return bits;
    }

    /// <summary>What divides every number's distance from the first; at least 1.</summary>
    private static long Step(ReadOnlySpan<long> values)
    {
        ulong step = 0;
        foreach (long value in values)
        {
            ulong rest = Magnitude(unchecked(value - values[0]));
            while (rest != 0)
            {
                (step, rest) = (rest, step % rest);
            }

            if (step == 1)
            {
                return 1;
            }
        }

        return step is 0 or > long.MaxValue ? 1 : (long)step;
    }

    private static int BestOrder(ReadOnlySpan<long> values, long step, out double least)
    {
        int best = 0;
        least = double.MaxValue;
        Span<int> counts = stackalloc int[Lengths];
        for (int order = 0; order <= 2; order++)
        {
            counts.Clear();
            Differences differences = new(order);
            foreach (long value in values[1..])
            {
                counts[Length(differences.Next(unchecked(value - values[0]) / step))]++;
            }

            double bits = Bits(counts, values.Length - 1);
            (best, least) = bits < least ? (order, bits) : (best, least);
        }

        return best;
    }

    // The entropy of the lengths, a sign, and the bits below the first.
    private static double Bits(ReadOnlySpan<int> counts, int total)
    {
        double bits = 0;
        for (int length = 0; length < counts.Length; length++)
        {
            if (counts[length] > 0)
            {
                bits += counts[length] * (length + Math.Log2((double)total / counts[length]));
            }
        }

        return bits;
    }

    private static ulong Magnitude(long value) => value < 0 ? unchecked((ulong)-value) : (ulong)value;

    private static int Length(long value) => 64 - BitOperations.LeadingZeroCount(Magnitude(value));

    /// <summary>Differences of an order, and back.</summary>
    private struct Differences(int order)
    {
        private long _last;
        private long _lastDifference;

        public long Next(long value) => unchecked(Step(value, value));

        public long Undo(long difference)
        {
            long value = unchecked(order switch
            {
                0 => difference,
                1 => _last + difference,
                _ => _last + _lastDifference + difference,
            });
            Step(value, value);
            return value;
        }

        private long Step(long value, long plain)
        {
            long difference = unchecked(value - _last);
            long second = unchecked(difference - _lastDifference);
            (_last, _lastDifference) = (value, difference);
            return order switch { 0 => plain, 1 => difference, _ => second };
        }
    }

    /// <summary>What was learnt of the numbers: their lengths, apart after a zero, and their signs.</summary>
    private sealed class Model
    {
        private readonly AdaptiveBit[] _isZero = AdaptiveBit.Make(2);
        private readonly AdaptiveBit[] _length = AdaptiveBit.Make(2 * 64);
        private readonly AdaptiveBit[] _sign = AdaptiveBit.Make(2);
        private int _after;
        private int _lastSign;

        public void Write(BitEncoder encoder, long value)
        {
            int length = Length(value);
            int after = _after;
            encoder.Write(ref _isZero[after], length == 0 ? 0 : 1);
            _after = length == 0 ? 0 : 1;
            if (length == 0)
            {
                return;
            }

            int node = 1;
            for (int bit = 5; bit >= 0; bit--)
            {
                int taken = ((length - 1) >> bit) & 1;
                encoder.Write(ref _length[(after * 64) + node], taken);
                node = (node << 1) | taken;
            }

            int sign = value < 0 ? 1 : 0;
            encoder.Write(ref _sign[_lastSign], sign);
            _lastSign = sign;
            encoder.WritePlain(Magnitude(value) & ~(1UL << (length - 1)), length - 1);
        }

        public long Read(ref BitDecoder decoder)
        {
            int after = _after;
            _after = decoder.Read(ref _isZero[after]);
            if (_after == 0)
            {
                return 0;
            }

            int node = 1;
            for (int bit = 5; bit >= 0; bit--)
            {
                node = (node << 1) | decoder.Read(ref _length[(after * 64) + node]);
            }

            int length = node - 64 + 1;
            _lastSign = decoder.Read(ref _sign[_lastSign]);
            ulong magnitude = (1UL << (length - 1)) | decoder.ReadPlain(length - 1);
            return _lastSign == 1 ? unchecked(-(long)magnitude) : (long)magnitude;
        }
    }
}
