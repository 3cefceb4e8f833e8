namespace TwinGrid.Twins.Control.Expressions;

/// <summary>What to say to somebody who wrote a name that is not known.</summary>
internal static class NearestName
{
    // A kind may have 512 telemetry names; a message shows a screen line or two of them.
    private const int MostListed = 20;

    // A beginning this long is taken for a name that was not written to its end.
    private const int ShortestBeginning = 3;

    /// <summary>
    /// The end of an error message: <c>. Did you mean 'power'? Known names: power, windSpeed</c>.
    /// </summary>
    /// <param name="found">The name that is not known.</param>
    /// <param name="what">What the known names are, in the plural.</param>
    /// <param name="known">The known names, in their order.</param>
    public static string Sentence(string found, string what, IReadOnlyList<string> known)
    {
        if (known.Count == 0)
        {
            return $". This kind has no {what}";
        }

        string nearest = known.MinBy(name => Farness(found, name))!;
        bool near = found.Length > 0 && Farness(found, nearest) <= Math.Max(found.Length, nearest.Length) / 2;
        string suggestion = near ? $". Did you mean '{nearest}'?" : ".";
        string more = known.Count > MostListed ? $" and {known.Count - MostListed} more" : "";
        return $"{suggestion} Known {what}: {string.Join(", ", known.Take(MostListed))}{more}";
    }

    /// <summary>
    /// The edits of one character (insert, delete, replace) between two names, letters of either case alike
    /// (Wagner and Fischer 1974), in one row of memory.
    /// </summary>
    public static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                bool same = char.ToLowerInvariant(from[i - 1]) == char.ToLowerInvariant(to[j - 1]);
                int replace = same ? diagonal : diagonal + 1;
                diagonal = row[j];
                row[j] = Math.Min(replace, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }

    private static int Farness(string found, string name) =>
        found.Length >= ShortestBeginning && name.StartsWith(found, StringComparison.OrdinalIgnoreCase)
            ? 0
            : Distance(found, name);
}
