using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TwinGrid.Models.Rhythm;

/// <summary>The last 200 words.</summary>
[InlineArray(BeatWords.Most)]
internal struct WordRing
{
    private ushort _first;
}

/// <summary>How varied the words of one window are: its distinct words and Σ c log₂ c over their counts.</summary>
internal struct WordVariety
{
    /// <summary>In units of 2^-32, a whole number: added and taken away for years it does not drift.</summary>
    public long Sum;
    public long Distinct;
}

/// <summary>
/// The last beats as words, two neighbouring heart rates in steps of 5 per minute each, and how varied they are over
/// the last 16, 64, 127 and 200 (Zhou, Ding, Ung, Pickwell-MacPherson, Zhang: "Automatic online detection of atrial
/// fibrillation based on symbolic dynamics and Shannon entropy", BioMedical Engineering OnLine 13:18, 2014).
/// </summary>
/// <remarks>
/// Variety of a window of N words: (k/N) · H / log₂ N, k the distinct words, H Shannon's entropy. A window that is
/// not full yet counts as full: young means regular.
/// </remarks>
internal struct BeatWords
{
    public const int Most = 200;

    private const double Unit = 1L << 32;
    private static readonly long[] Terms = [.. Enumerable.Range(0, Most + 1).Select(c => c < 2
        ? 0
        : (long)Math.Round(c * Math.Log2(c) * Unit))];

    private WordRing _ring;
    private WordVariety _last16;
    private WordVariety _last64;
    private WordVariety _last127;
    private WordVariety _last200;
    private double _words;

    /// <summary>How many words have come, at most 200.</summary>
    public readonly int Count => (int)Math.Min(Most, _words);

    public readonly double Last16 => Variety(_last16, 16);

    public readonly double Last64 => Variety(_last64, 64);

    public readonly double Last127 => Variety(_last127, 127);

    public readonly double Last200 => Variety(_last200, 200);

    /// <summary>How many of the last 64 words differ from each other.</summary>
    public readonly int DistinctOf64 => (int)_last64.Distinct;

    public void Add(ushort word)
    {
        Move(ref _last16, 16, word);
        Move(ref _last64, 64, word);
        Move(ref _last127, 127, word);
        Move(ref _last200, 200, word);
        _ring[(int)(_words % Most)] = word;

        // Kept below 2^52 by going round: the place in the ring and being full are all that is read of it.
        _words = _words >= 1000 * Most ? Most + 1 : _words + 1;
    }

    private readonly double Variety(WordVariety window, int length)
    {
        double full = Math.Min(length, _words) / length;
        double entropy = (full * Math.Log2(length)) - (window.Sum / Unit / length);
        return window.Distinct / (double)length * entropy / Math.Log2(length);
    }

    private readonly void Move(ref WordVariety window, int length, ushort word)
    {
        int held = (int)Math.Min(length, _words);
        if (held == length)
        {
            ushort oldest = _ring[Place(length)];
            int count = Times(oldest, held);
            window.Sum += Terms[count - 1] - Terms[count];
            window.Distinct -= count == 1 ? 1 : 0;
            held--;
        }

        int before = Times(word, held);
        window.Sum += Terms[before + 1] - Terms[before];
        window.Distinct += before == 0 ? 1 : 0;
    }

    /// <summary>How often a word is among the last ones.</summary>
    private readonly int Times(ushort word, int among)
    {
        if (among == 0)
        {
            return 0;
        }

        ReadOnlySpan<ushort> ring = MemoryMarshal.CreateReadOnlySpan(in Unsafe.As<WordRing, ushort>(
            ref Unsafe.AsRef(in _ring)), Most);
        int from = Place(among);
        int toEnd = Math.Min(among, Most - from);
        return ring.Slice(from, toEnd).Count(word) + ring[..(among - toEnd)].Count(word);
    }

    private readonly int Place(int back) => (int)((_words + Most - back) % Most);
}
