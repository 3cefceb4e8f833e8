namespace TwinGrid.Storage.Log;

/// <summary>After which kind and key a listing begins; no text is less than the empty one.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Key">The key.</param>
/// <param name="IsPastEnd">True where nothing can follow.</param>
internal readonly record struct ListStart(string Kind, string Key, bool IsPastEnd)
{
    /// <summary>Where a page begins.</summary>
    /// <param name="kind">Only of this kind; null for all.</param>
    /// <param name="after">The last id of the page before; null for the first page.</param>
    public static ListStart Of(string? kind, TwinId? after)
    {
        if (after is not { } last)
        {
            return new ListStart(kind ?? "", "", false);
        }

        int order = kind is null ? 0 : string.CompareOrdinal(last.Kind, kind);
        return new ListStart(kind ?? last.Kind, order < 0 ? "" : last.Key, order > 0);
    }
}
