using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace TwinGrid.Twins.Catalogue;

/// <inheritdoc cref="ITwinFleet"/>
[GrainType("twingrid.fleet"), StatelessWorker]
internal sealed partial class TwinFleetGrain(ILogger<TwinFleetGrain> logger) : Grain, ITwinFleet
{
    private const int MostItems = 1_000;

    public async Task<TwinPage> ListAsync(string? kind, string? cursor, int limit)
    {
        limit = Math.Clamp(limit, 1, MostItems);
        if (cursor is not null && !TwinId.TryParse(cursor, null, out _))
        {
            throw new TwinGridException($"'{cursor}' is not a cursor: take it from the last page");
        }

        List<TwinId>[] parts = await Task.WhenAll(
            CatalogueParts.Keys.Select(key => Part(key).ListAsync(kind, cursor, limit + 1)));
        TwinId[] ids = [.. parts.SelectMany(part => part).Order().Take(limit + 1)];
        TwinSummary?[] items = await Task.WhenAll(ids.Take(limit).Select(Summarize));
        return new TwinPage(
            [.. items.Where(item => item is not null).Select(item => item!)],
            ids.Length > limit ? ids[limit - 1].ToString() : null);
    }

    // One twin that cannot be read must not hide the others.
    private async Task<TwinSummary?> Summarize(TwinId id)
    {
        try
        {
            return await GrainFactory.GetGrain<ITwin>(id.ToGrainKey()).SummarizeAsync();
        }
        catch (Exception e) when (e is TwinGridException or OrleansException or TimeoutException)
        {
            LogUnread(e, id);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Error, "{Twin} cannot be read and is left out of a listing.")]
    private partial void LogUnread(Exception exception, TwinId twin);

    private ITwinCatalogue Part(string key) => GrainFactory.GetGrain<ITwinCatalogue>(key);
}
