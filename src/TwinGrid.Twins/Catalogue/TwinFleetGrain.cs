using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace TwinGrid.Twins.Catalogue;

/// <inheritdoc cref="ITwinFleet"/>
/// <remarks>
/// The log is the catalogue: a twin is listed from its first commit on, on every silo, and a deleted one is not. Of
/// what the store lists each twin says itself whether it exists.
/// </remarks>
[GrainType("twingrid.fleet"), StatelessWorker]
internal sealed partial class TwinFleetGrain(ITwinStore store, ILogger<TwinFleetGrain> logger) : Grain, ITwinFleet
{
    private const int MostItems = 1_000;

    public async Task<TwinPage> ListAsync(string? kind, string? cursor, int limit)
    {
        limit = Math.Clamp(limit, 1, MostItems);
        TwinId? after = null;
        if (cursor is not null)
        {
            after = TwinId.TryParse(cursor, null, out TwinId last)
                ? last
                : throw new TwinGridException($"'{cursor}' is not a cursor: take it from the last page");
        }

        IReadOnlyList<TwinId> ids = await store.ReadTwinsAsync(kind, after, limit + 1, CancellationToken.None);
        TwinSummary?[] items = await Task.WhenAll(ids.Take(limit).Select(Summarize));
        return new TwinPage(
            [.. items.Where(item => item is not null).Select(item => item!)],
            ids.Count > limit ? ids[limit - 1].ToString() : null);
    }

    // One twin that cannot be read must not hide the others; one that is damaged is there all the same.
    private async Task<TwinSummary?> Summarize(TwinId id)
    {
        try
        {
            return await GrainFactory.GetGrain<ITwin>(id.ToGrainKey()).SummarizeAsync();
        }
        catch (TwinDamagedException)
        {
            // The twin has logged it.
            return new TwinSummary(id.ToString(), id.Kind, 0, null, null, 0) { Problem = "damaged" };
        }
        catch (Exception e) when (e is TwinGridException or OrleansException or TimeoutException)
        {
            LogUnread(e, id);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Error, "{Twin} cannot be read and is left out of a listing.")]
    private partial void LogUnread(Exception exception, TwinId twin);
}
