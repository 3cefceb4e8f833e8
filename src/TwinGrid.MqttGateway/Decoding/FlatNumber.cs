namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// Reads JSON numbers where they stand in a payload (RFC 8259 section 6), to the same doubles as
/// <see cref="ExactNumber"/>.
/// </summary>
internal static class FlatNumber
{
    private const int MostDigits = 19;
    private const ulong LargestExact = 1UL << 53;

    // Powers of ten that a double holds exactly, as many as decimals are read.
    private static readonly double[] PowersOfTen =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    ];

    /// <summary>Reads the number that a text begins with.</summary>
    /// <returns>
    /// Its length; 0 where no JSON number stands there, or one that <see cref="ExactNumber"/> refuses.
    /// </returns>
    public static int Read(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        int at = !text.IsEmpty && text[0] == '-' ? 1 : 0;
        int first = at;
        ulong digits = 0;
        at = Digits(text, at, ref digits);
        int count = at - first;
        if (count == 0 || (count > 1 && text[first] == '0'))
        {
            return 0;
        }

        int decimals = 0;
        if (at < text.Length && text[at] == '.')
        {
            int point = at;
            at = Digits(text, at + 1, ref digits);
            decimals = at - point - 1;
            if (decimals == 0)
            {
                return 0;
            }
        }

        bool hasExponent = at < text.Length && (text[at] | 0x20) == 'e';
        if (hasExponent || count + decimals > MostDigits || digits > LargestExact)
        {
            return ReadRare(text, hasExponent ? Exponent(text, at + 1) : at, out value);
        }

        // Both are exact doubles, so that the quotient is rounded once and right (Clinger, How to Read Floating Point
        // Numbers Accurately, 1990).
        value = digits / PowersOfTen[decimals];
        if (first == 1)
        {
            value = -value;
        }

        return at;
    }

    /// <summary>Reads the whole number, 0 or more and at most 18 digits, that a text begins with.</summary>
    /// <returns>Its length; 0 where no such number stands there.</returns>
    public static int ReadWhole(ReadOnlySpan<byte> text, out long value)
    {
        ulong digits = 0;
        int at = Digits(text, 0, ref digits);
        value = (long)digits;
        return at == 0 || at >= MostDigits || (at > 1 && text[0] == '0')
            || (at < text.Length && (text[at] == '.' || (text[at] | 0x20) == 'e'))
            ? 0
            : at;
    }

    /// <summary>Takes decimal digits; more than 19 of them overflow the value.</summary>
    /// <returns>Where they end.</returns>
    private static int Digits(ReadOnlySpan<byte> text, int at, ref ulong value)
    {
        ulong all = value;
        while ((uint)at < (uint)text.Length)
        {
            uint digit = (uint)text[at] - '0';
            if (digit > 9)
            {
                break;
            }

            all = (all * 10) + digit;
            at++;
        }

        value = all;
        return at;
    }

    private static int Exponent(ReadOnlySpan<byte> text, int at)
    {
        if (at < text.Length && text[at] is (byte)'+' or (byte)'-')
        {
            at++;
        }

        ulong digits = 0;
        int end = Digits(text, at, ref digits);
        return end > at ? end : 0;
    }

    private static int ReadRare(ReadOnlySpan<byte> text, int length, out double value)
    {
        value = 0;
        return length > 0 && ExactNumber.Read(text[..length], out value) is null ? length : 0;
    }
}
