namespace TwinGrid.Storage.History;

/// <summary>
/// A column of doubles, every bit of which comes back, as whole numbers in the smallest of these forms: decimals
/// without their point, the bits of 32-bit floats, such bits where the float was printed with some digits, the bits of
/// the doubles. Values that do not have the form stand apart.
/// </summary>
/// <remarks>
/// That sensors' doubles are short decimals is the idea of ALP (A. Afroozeh, P. Boncz, SIGMOD 2023): v = d / 10^e
/// exactly. Bits are mapped so that their order is that of the values, so that differences of neighbours are small.
/// </remarks>
internal static class NumberColumn
{
    /// <summary>Appends a column; its count is not written.</summary>
    public static void Write(BlockWriter writer, ReadOnlySpan<double> values)
    {
        long[] best = new long[values.Length];
        long[] tried = new long[values.Length];
        NumberForm form = NumberForm.Bits;
        Translate(form, values, best);
        double least = IntegerColumn.Cost(best);
        foreach (NumberForm candidate in NumberForm.Candidates(values))
        {
            int apart = Translate(candidate, values, tried);
            double cost = IntegerColumn.Cost(tried) + (apart * 80.0);
            if (cost < least && apart <= (values.Length / 8) + 1)
            {
                (form, least) = (candidate, cost);
                (best, tried) = (tried, best);
            }
        }

        form.Write(writer);
        WriteApart(writer, form, values);
        IntegerColumn.Write(writer, best);
    }

    /// <summary>Reads a column of as many numbers as there is room for.</summary>
    public static void Read(ref BlockReader reader, Span<double> values)
    {
        NumberForm form = NumberForm.Read(ref reader);
        int apart = reader.Count(values.Length);
        int[] places = new int[apart];
        double[] exceptions = new double[apart];
        int place = 0;
        for (int i = 0; i < apart; i++)
        {
            place += reader.Count(values.Length);
            places[i] = place < values.Length ? place : throw BlockReader.Damaged();
            exceptions[i] = reader.Double();
        }

        long[] whole = new long[values.Length];
        IntegerColumn.Read(ref reader, whole);
        for (int i = 0; i < whole.Length; i++)
        {
            values[i] = form.ToNumber(whole[i]);
        }

        for (int i = 0; i < apart; i++)
        {
            values[places[i]] = exceptions[i];
        }
    }

    /// <summary>The whole numbers of a form; where a value has none, the one before it.</summary>
    /// <returns>How many have none.</returns>
    private static int Translate(in NumberForm form, ReadOnlySpan<double> values, Span<long> whole)
    {
        int apart = 0;
        long last = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (form.TryWhole(values[i], out long own))
            {
                last = own;
            }
            else
            {
                apart++;
            }

            whole[i] = last;
        }

        return apart;
    }

    private static void WriteApart(BlockWriter writer, in NumberForm form, ReadOnlySpan<double> values)
    {
        List<int> places = [];
        for (int i = 0; i < values.Length; i++)
        {
            if (!form.TryWhole(values[i], out _))
            {
                places.Add(i);
            }
        }

        writer.Varint((ulong)places.Count);
        int last = 0;
        foreach (int place in places)
        {
            writer.Varint((ulong)(place - last));
            writer.Double(values[place]);
            last = place;
        }
    }
}
