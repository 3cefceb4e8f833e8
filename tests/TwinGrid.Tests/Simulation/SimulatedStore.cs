using System.Runtime.CompilerServices;

namespace TwinGrid.Tests.Simulation;

/// <summary>The database as one incarnation of a silo sees it.</summary>
internal class SimulatedStore(Database database, int incarnation) : ITwinStore
{
    public Task InitializeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public virtual Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken) =>
        database.LoadAsync(twin);

    public virtual Task<IReadOnlyList<CommitOutcome>> CommitAsync(
        IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken cancellationToken) =>
        database.CommitAsync(incarnation, turns, snapshots);

    public async IAsyncEnumerable<TwinId> ReadDueAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (TwinId twin in database.Twins.ToArray())
        {
            StoredTwin stored = database.Rows(twin).Read();
            if (stored.Snapshot?.NextDue is not null || stored.Tail.Count > 0)
            {
                yield return twin;
            }
        }
    }

    public Task<IReadOnlyList<TwinId>> ReadTwinsAsync(
        string? kind, TwinId? after, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task EraseAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task AppendDeadLettersAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<StoredDeadLetter>> ReadDeadLettersAsync(
        long? before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SaveSessionsAsync(IReadOnlyList<SessionChange> changes, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<StoredSession?> LoadSessionAsync(string client, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<StoredSession> ReadSessionsAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
