using System.Numerics;

namespace TwinGrid.Storage.History;

/// <summary>
/// How likely a bit is 0, learnt from the bits before it: the mean of a quick and a slow estimate, so that a short
/// block is learnt soon and a long one well.
/// </summary>
internal struct AdaptiveBit
{
    /// <summary>The bits of a probability.</summary>
    public const int Precision = 12;

    private const int Quick = 5;
    private const int Slow = 7;

    private ushort _quick;
    private ushort _slow;
    private byte _seen;

    /// <summary>Begins even.</summary>
    public AdaptiveBit()
    {
        _quick = _slow = 1 << 15;
    }

    /// <summary>The probability of 0 in 1/4096, never 0 nor 1.</summary>
    public readonly uint Zero => Math.Clamp((uint)(_quick + _slow) >> (17 - Precision), 1, (1u << Precision) - 1);

    /// <summary>Learns a bit; the first ones count for more.</summary>
    public void Learn(int bit)
    {
        int shift = BitOperations.Log2(_seen + 2u);
        _seen += (byte)(shift < Slow ? 1 : 0);
        int quick = Math.Min(shift, Quick);
        int slow = Math.Min(shift, Slow);
        if (bit == 0)
        {
            _quick += (ushort)((ushort.MaxValue - _quick) >> quick);
            _slow += (ushort)((ushort.MaxValue - _slow) >> slow);
        }
        else
        {
            _quick -= (ushort)(_quick >> quick);
            _slow -= (ushort)(_slow >> slow);
        }
    }

    /// <summary>As many, each even.</summary>
    public static AdaptiveBit[] Make(int count)
    {
        AdaptiveBit[] bits = new AdaptiveBit[count];
        Array.Fill(bits, new AdaptiveBit());
        return bits;
    }
}
