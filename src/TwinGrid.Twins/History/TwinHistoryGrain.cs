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
internal sealed class TwinHistoryGrain(ITwinStore store, KindRegistry kinds) : Grain, ITwinHistory
{
    private const int Workers = 4;

    private readonly HistoryBook _book = new(store, kinds);

    public async Task<HistoryPage?> ReadAsync(TwinId twin, HistoryQuery query)
    {
        await ReadyAsync();
        return await _book.ReadAsync(twin, query);
    }

    public async Task<PastTwin?> AsOfAsync(TwinId twin, long? revision, DateTimeOffset time)
    {
        await ReadyAsync();
        if (await _book.RefoldAsync(twin, revision, UnixMicroseconds.From(time)) is not var (past, state))
        {
            return null;
        }

        return new PastTwin(
            state is { Exists: true } ? SnapshotBuilder.Snapshot(state) : null,
            IsKept: state is not null,
            past.Oldest,
            past.OldestTime is { } oldest ? UnixMicroseconds.ToDateTimeOffset(oldest) : null);
    }

    private async Task ReadyAsync()
    {
        await kinds.Ready;
        if (!store.KeepsHistory)
        {
            throw new TwinGridException(
                $"the store {store.GetType().Name} keeps no history: ITwinStore.KeepsHistory says so");
        }
    }
}
