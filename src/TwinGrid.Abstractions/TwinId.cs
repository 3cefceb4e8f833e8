using System.Diagnostics.CodeAnalysis;

namespace TwinGrid;

/// <summary>
/// Names one twin: its kind and its key, written <c>turbine/t07</c>.
/// </summary>
/// <remarks>
/// Kind and key have 1 to 128 characters of <c>A-Z a-z 0-9 _ - . @ ~</c> and are neither <c>.</c> nor <c>..</c>;
/// a leading <c>_</c> is the grid's own. Immutable, thread-safe.
/// </remarks>
[GenerateSerializer, Immutable, Alias("TwinGrid.TwinId")]
public readonly record struct TwinId : IParsable<TwinId>, IComparable<TwinId>
{
    /// <summary>The longest kind or key, in characters.</summary>
    public const int MaxSegmentLength = 128;

    /// <summary>The tenant of every twin until credentials name one; it begins every grain key.</summary>
    public const string DefaultTenant = "default";

    /// <summary>Makes an id of two segments that are known to be valid.</summary>
    /// <exception cref="TwinGridException">
    /// A segment breaks the rule of <see cref="IsSegment(ReadOnlySpan{char})"/>.
    /// </exception>
    public TwinId(string kind, string key)
    {
        if (!IsSegment(kind) || !IsSegment(key))
        {
            throw new TwinGridException($"'{kind}/{key}' is not a twin id: {SegmentRule}");
        }

        Kind = kind;
        Key = key;
    }

    /// <summary>What sort of twin.</summary>
    [Id(0)]
    public string Kind { get; }

    /// <summary>Which one of its kind.</summary>
    [Id(1)]
    public string Key { get; }

    /// <summary>The rule for kinds and keys as a sentence for error messages.</summary>
    public static string SegmentRule =>
        "kind and key take 1 to 128 characters of A-Z a-z 0-9 _ - . @ ~ and are not '.' or '..'";

    /// <summary>True when the text may be a kind or a key.</summary>
    public static bool IsSegment(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxSegmentLength || text is "." or "..")
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.' or '@' or '~'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The id as one segment, <c>kind:key</c>, for places that take no slash.</summary>
    public string ToSegment() => $"{Kind}:{Key}";

    /// <summary>The key of the twin's grain: <c>tenant/kind/key</c>.</summary>
    public string ToGrainKey() => $"{DefaultTenant}/{Kind}/{Key}";

    /// <summary>The id in a grain key made by <see cref="ToGrainKey"/>.</summary>
    /// <exception cref="TwinGridException">The text is not such a key.</exception>
    public static TwinId FromGrainKey(string grainKey)
    {
        ArgumentNullException.ThrowIfNull(grainKey);
        int slash = grainKey.IndexOf('/', StringComparison.Ordinal);
        return TryParse(grainKey.AsSpan(slash + 1), out TwinId id) && slash > 0
            ? id
            : throw new TwinGridException($"'{grainKey}' is not the grain key of a twin: expected tenant/kind/key");
    }

    /// <inheritdoc cref="IParsable{TSelf}.Parse"/>
    /// <exception cref="TwinGridException">The text is not <c>kind/key</c>.</exception>
    public static TwinId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, out TwinId id)
            ? id
            : throw new TwinGridException($"'{s}' is not a twin id: expected kind/key; {SegmentRule}");

    /// <summary>Reads <c>kind/key</c>; false when the text is anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TwinId id)
    {
        int slash = text.IndexOf('/');
        if (slash < 0 || !IsSegment(text[..slash]) || !IsSegment(text[(slash + 1)..]))
        {
            id = default;
            return false;
        }

        id = new TwinId(text[..slash].ToString(), text[(slash + 1)..].ToString());
        return true;
    }

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out TwinId result) =>
        TryParse(s.AsSpan(), out result);

    /// <summary>Orders by kind, then key, ordinally: the order of every listing.</summary>
    public int CompareTo(TwinId other)
    {
        int byKind = string.CompareOrdinal(Kind, other.Kind);
        return byKind != 0 ? byKind : string.CompareOrdinal(Key, other.Key);
    }

    /// <summary>The id as <c>kind/key</c>.</summary>
    public override string ToString() => $"{Kind}/{Key}";

    /// <summary>Orders by kind, then key.</summary>
    public static bool operator <(TwinId left, TwinId right) => left.CompareTo(right) < 0;

    /// <summary>Orders by kind, then key.</summary>
    public static bool operator >(TwinId left, TwinId right) => left.CompareTo(right) > 0;

    /// <summary>Orders by kind, then key.</summary>
    public static bool operator <=(TwinId left, TwinId right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by kind, then key.</summary>
    public static bool operator >=(TwinId left, TwinId right) => left.CompareTo(right) >= 0;
}
