using System.Runtime.CompilerServices;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>The twins of the fleet that have something retained: alarms or desired properties.</summary>
internal static class RetainedFleet
{
    private const int Page = 1_000;

    /// <summary>Lists them, page by page.</summary>
    public static async IAsyncEnumerable<TwinId> ReadAsync(
        IGrainFactory grains, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ITwinFleet fleet = grains.GetGrain<ITwinFleet>(TwinId.DefaultTenant);
        string? cursor = null;
        do
        {
            TwinPage page = await fleet.ListAsync(null, cursor, Page).WaitAsync(cancellationToken);
            foreach (TwinSummary summary in page.Items)
            {
                if (summary.ActiveAlarms > 0 || summary.DesiredRevision > 0)
                {
                    yield return TwinId.Parse(summary.Id);
                }
            }

            cursor = page.Cursor;
        }
        while (cursor is not null);
    }
}
