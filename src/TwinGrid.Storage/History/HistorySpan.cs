namespace TwinGrid.Storage.History;

/// <summary>Some days whose history is kept equally long: it lies together and goes at once.</summary>
/// <param name="Keep">How long it is kept after <paramref name="Ends"/>, microseconds.</param>
/// <param name="Begins">The least time that is put there, Unix microseconds.</param>
/// <param name="Ends">The time before which it ends, Unix microseconds.</param>
internal readonly record struct HistorySpan(long Keep, long Begins, long Ends)
{
    private const long Day = 86_400 * UnixMicroseconds.PerSecond;

    /// <summary>A span is so much of the time that its content is kept, and at least a day.</summary>
    private const int Parts = 16;

    /// <summary>The span of a time.</summary>
    public static HistorySpan For(long keep, long time)
    {
        long length = Math.Max(1, (keep + (Parts * Day) - 1) / (Parts * Day)) * Day;
        long begins = time - (((time % length) + length) % length);
        return new HistorySpan(keep, begins, begins + length);
    }
}
