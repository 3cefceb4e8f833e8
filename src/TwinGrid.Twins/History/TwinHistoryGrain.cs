using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.History;

/// <inheritdoc cref="ITwinHistory"/>
/// <remarks>
/// It reads the store and wakes no twin, so a long question holds up no turn; as many are answered at once as there are
/// workers.
/// </remarks>
[GrainType("twingrid.history"), StatelessWorker(Workers)]
internal sealed class TwinHistoryGrain(
    ITwinStore store, KindRegistry kinds, IOptionsMonitor<LimitOptions> limits, TimeProvider clock, FoldedTails tails)
    : Grain, ITwinHistory
{
    private const int Workers = 4;

    private static readonly HistoryPage s_nothing = new()
    {
        Telemetry = new Dictionary<string, IReadOnlyList<HistoryReading>>(),
        Complete = true,
    };

    private readonly HistoryBook _book = new(store, kinds, limits, clock, tails);

    public async Task<HistoryPage?> ReadAsync(TwinId twin, HistoryQuery query)
    {
        await kinds.Ready;
        return store.KeepsHistory ? await _book.ReadAsync(twin, query) : s_nothing;
    }

    public async Task<PastTwin?> AsOfAsync(TwinId twin, long? revision, DateTimeOffset time)
    {
        await kinds.Ready;
        if (!store.KeepsHistory)
        {
            return new PastTwin(null, IsKept: false, 0, null);
        }

        if (await _book.RefoldAsync(twin, revision, UnixMicroseconds.From(time)) is not var (past, state))
        {
            return null;
        }

        // All turns from the first on are kept, and none was at that time or before.
        bool isBeforeFirst = state is null && revision is null && past.Oldest == 1;
        return new PastTwin(
            state is { Exists: true } ? SnapshotBuilder.Snapshot(state) : null,
            IsKept: state is not null || isBeforeFirst,
            past.Oldest,
            past.OldestTime is { } oldest ? UnixMicroseconds.ToDateTimeOffset(oldest) : null)
        {
            IsBeforeFirst = isBeforeFirst,
        };
    }
}
