namespace TwinGrid.Storage.History;

/// <summary>How a column of doubles is written as whole numbers. Immutable.</summary>
internal readonly record struct NumberForm
{
    private const byte OfBits = 0;
    private const byte OfDecimals = 1;
    private const byte OfFloats = 2;
    private const byte OfPrintedFloats = 3;
    private const byte OfCutFloats = 4;

    /// <summary>Whole numbers up to it are doubles without loss.</summary>
    private const double MostExact = 1L << 53;

    /// <summary>Beyond it a power of ten is no double without loss.</summary>
    private const int MostDecimals = 18;

    private static readonly double[] s_powers =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ];

    private readonly byte _form;
    private readonly byte _decimals;
    private readonly byte _digits;

    private NumberForm(byte form, int decimals, int digits)
    {
        _form = form;
        _decimals = (byte)decimals;
        _digits = (byte)digits;
    }

    /// <summary>The bits of the doubles; every double has it.</summary>
    public static NumberForm Bits => new(OfBits, 0, 0);

    /// <summary>The forms that are worth a try.</summary>
    public static List<NumberForm> Candidates(ReadOnlySpan<double> values)
    {
        List<NumberForm> forms = [];
        if (!values.ContainsAnyExcept(values.IsEmpty ? 0 : values[0]))
        {
            // One value again and again: its bits are as good as anything.
            return forms;
        }

        (int usual, int most, int digits) = Decimals(values);
        if (usual >= 0)
        {
            forms.Add(new NumberForm(OfDecimals, usual, 0));
        }

        forms.Add(new NumberForm(OfFloats, 0, 0));
        if (digits is > 6 and <= 17)
        {
            forms.Add(new NumberForm(OfPrintedFloats, most, digits));
            forms.Add(new NumberForm(OfCutFloats, most, digits));
        }

        return forms;
    }

    public static NumberForm Read(ref BlockReader reader)
    {
        NumberForm form = new(reader.Byte(), reader.Byte(), reader.Byte());
        return form is { _form: <= OfCutFloats, _decimals: <= MostDecimals } ? form : throw BlockReader.Damaged();
    }

    public void Write(BlockWriter writer)
    {
        writer.Byte(_form);
        writer.Byte(_decimals);
        writer.Byte(_digits);
    }

    /// <summary>The whole number from which every bit of a value comes back; false where there is none.</summary>
    public bool TryWhole(double value, out long whole)
    {
        switch (_form)
        {
            case OfBits:
                whole = Ordered(BitConverter.DoubleToInt64Bits(value));
                return true;
            case OfDecimals:
                double scaled = Math.Round(value * s_powers[_decimals]);
                whole = Math.Abs(scaled) <= MostExact ? (long)scaled : 0;
                break;
            default:
                whole = Ordered(BitConverter.SingleToInt32Bits((float)value));
                break;
        }

        return BitConverter.DoubleToInt64Bits(ToNumber(whole)) == BitConverter.DoubleToInt64Bits(value);
    }

    /// <summary>The value of a whole number.</summary>
    public double ToNumber(long whole) => _form switch
    {
        OfBits => BitConverter.Int64BitsToDouble(Ordered(whole)),
        OfDecimals => whole / s_powers[_decimals],
        OfFloats => BitConverter.Int32BitsToSingle(Ordered((int)whole)),
        _ => Print(BitConverter.Int32BitsToSingle(Ordered((int)whole))),
    };

    /// <summary>
    /// How many decimals nearly all values have (-1 where most have too many), how many and how many digits the rest
    /// of those have that can be told.
    /// </summary>
    private static (int Usual, int Most, int Digits) Decimals(ReadOnlySpan<double> values)
    {
        Span<int> counts = stackalloc int[MostDecimals + 1];
        counts.Clear();
        int untold = 0;
        double largest = 0;
        int digits = 0;
        foreach (double value in values)
        {
            int decimals = Least(value, out double whole);
            if (decimals < 0)
            {
                untold++;
                continue;
            }

            counts[decimals]++;
            largest = Math.Max(largest, decimals > 0 ? Math.Abs(whole) : 0);
        }

        while (digits < s_powers.Length && s_powers[digits] <= largest)
        {
            digits++;
        }

        int most = MostDecimals;
        while (most > 0 && counts[most] == 0)
        {
            most--;
        }

        // A few values with more decimals would make all the others long: they stand apart.
        int usual = most;
        int beyond = untold;
        while (usual > 0 && beyond + counts[usual] <= values.Length / 64)
        {
            beyond += counts[usual--];
        }

        return (untold > values.Length / 8 ? -1 : usual, most, digits);
    }

    /// <summary>The fewest decimals with which a value can be written; -1 where 18 are too few.</summary>
    private static int Least(double value, out double whole)
    {
        for (int decimals = 0; decimals <= MostDecimals; decimals++)
        {
            whole = Math.Round(value * s_powers[decimals]);
            if (!(Math.Abs(whole) <= MostExact))
            {
                break;
            }

            if (whole / s_powers[decimals] == value)
            {
                return decimals;
            }
        }

        whole = 0;
        return -1;
    }

    // Only products, quotients and rounding of doubles: the same on every machine.
    private double Print(float printed)
    {
        double value = printed;
        double size = Math.Abs(value);
        if (!(size is > 1e-12 and < 1e21))
        {
            return value;
        }

        int before = 0;
        while (before < s_powers.Length && s_powers[before] <= size)
        {
            before++;
        }

        for (double one = 0.1; before <= 0 && size < one; one /= 10)
        {
            before--;
        }

        int decimals = Math.Clamp(_digits - before, 0, (int)_decimals);
        double scaled = value * s_powers[decimals];
        return (_form == OfCutFloats ? Math.Truncate(scaled) : Math.Round(scaled, MidpointRounding.AwayFromZero))
            / s_powers[decimals];
    }

    // Sign and magnitude to two's complement, and back.
    private static long Ordered(long bits) => bits ^ ((bits >> 63) & long.MaxValue);

    private static int Ordered(int bits) => bits ^ ((bits >> 31) & int.MaxValue);
}
