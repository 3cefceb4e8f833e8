namespace TwinGrid.Storage.History;

/// <summary>A twin as its rows in the log say: how far its log is sealed and erased.</summary>
/// <param name="Twin">Which.</param>
/// <param name="Sealed">Turns up to it are sealed; 0 for none.</param>
/// <param name="KeptFrom">Sealed turns before it were erased.</param>
/// <param name="SealedAt">When a part was sealed last, Unix microseconds.</param>
internal readonly record struct SealedTwin(TwinId Twin, long Sealed, long KeptFrom, long SealedAt);

/// <summary>
/// Follows the sealed parts of one twin in the order of their revisions and tells which are missing. Old parts go with
/// their partitions, so a log may begin anywhere; from there to where it is sealed it has no gap.
/// </summary>
/// <param name="keep">How long turns are kept, microseconds.</param>
/// <param name="now">Unix microseconds.</param>
/// <param name="missing">Is told the first and the last revision of each gap.</param>
internal struct SealedSpan(long keep, long now, Action<long, long> missing)
{
    private long? _follows;

    /// <summary>The last revision that was seen; 0 for none.</summary>
    public readonly long Last => _follows ?? 0;

    /// <summary>Takes the next part.</summary>
    public void Add(long first, long last, long lastTime)
    {
        if (_follows is { } follows && first > follows + 1 && !IsExpired(lastTime))
        {
            missing(follows + 1, first - 1);
        }

        _follows = Math.Max(_follows ?? first - 1, last);
    }

    /// <summary>There are no more.</summary>
    public readonly void End(in SealedTwin twin)
    {
        if (Last < twin.Sealed && twin.Sealed >= twin.KeptFrom && !IsExpired(twin.SealedAt))
        {
            missing(Math.Max(Last + 1, twin.KeptFrom), twin.Sealed);
        }
    }

    private readonly bool IsExpired(long time) => HistorySpan.For(keep, time).Ends + keep <= now;
}
