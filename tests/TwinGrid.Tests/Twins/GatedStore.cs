using System.Collections.Concurrent;

namespace TwinGrid.Tests.Twins;

/// <summary>A real store whose commits a test holds back or lets fail, and whose loads it lets fail.</summary>
internal sealed class GatedStore(ITwinStore store) : ITwinStore
{
    private readonly ConcurrentQueue<TwinTurn> _held = new();
    private volatile TaskCompletionSource? _gate;
    private int _loads;
    private int _refusals;

    /// <summary>How long a commit takes beside its real time.</summary>
    public TimeSpan CommitDelay { get; set; }

    /// <summary>True while twins cannot be read.</summary>
    public bool LoadsFail { get; set; }

    /// <summary>True while the store is away for whoever reads a twin.</summary>
    public bool IsAway { get; set; }

    /// <summary>A twin whose turns the store refuses, so that it keeps nothing of their groups.</summary>
    public TwinId? Refused { get; set; }

    /// <summary>How many groups were refused.</summary>
    public int Refusals => Volatile.Read(ref _refusals);

    /// <summary>How often a twin was asked for.</summary>
    public int Loads => Volatile.Read(ref _loads);

    /// <summary>From now on commits wait.</summary>
    public void HoldCommits()
    {
        _held.Clear();
        _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Ends when a commit with a turn of that twin waits.</summary>
    public Task HeldAsync(TwinId twin) => Wait.UntilAsync(() => _held.Any(turn => turn.Twin == twin));

    /// <summary>What waits is committed, and so is what comes.</summary>
    public void LetCommit() => Release()?.SetResult();

    /// <summary>What waits is refused as our stores do it, who know that they kept nothing; what comes is committed.
    /// </summary>
    public void RefuseHeld() => Release()?.SetException(new TwinGridNotCommittedException("the page is damaged"));

    /// <summary>What waits fails, and nothing of it was written; what comes is committed.</summary>
    public void FailHeld() => Release()?.SetException(new IOException("the disk is full"));

    public async Task<IReadOnlyList<CommitOutcome>> CommitAsync(
        IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, CancellationToken cancellationToken)
    {
        if (_gate is { } gate)
        {
            foreach (TwinTurn turn in turns)
            {
                _held.Enqueue(turn);
            }

            await gate.Task;
        }

        if (turns.Any(turn => turn.Twin == Refused))
        {
            Interlocked.Increment(ref _refusals);
            throw new TwinGridNotCommittedException("the page is damaged");
        }

        if (CommitDelay > TimeSpan.Zero)
        {
            await Task.Delay(CommitDelay, cancellationToken);
        }

        return await store.CommitAsync(turns, snapshots, cancellationToken);
    }

    public Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _loads);
        return LoadsFail ? throw new TwinGridException("the disk is gone")
            : IsAway ? throw new TwinGridUnavailableException("the store does not answer")
            : store.LoadAsync(twin, cancellationToken);
    }

    public Task InitializeAsync(CancellationToken cancellationToken) => store.InitializeAsync(cancellationToken);

    public IAsyncEnumerable<TwinId> ReadDueAsync(CancellationToken cancellationToken) =>
        store.ReadDueAsync(cancellationToken);

    public Task<IReadOnlyList<TwinId>> ReadTwinsAsync(
        string? kind, TwinId? after, int limit, CancellationToken cancellationToken) =>
        store.ReadTwinsAsync(kind, after, limit, cancellationToken);

    public Task EraseAsync(TwinId twin, long beforeRevision, CancellationToken cancellationToken) =>
        store.EraseAsync(twin, beforeRevision, cancellationToken);

    public Task AppendDeadLettersAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken) =>
        store.AppendDeadLettersAsync(letters, cancellationToken);

    public Task<IReadOnlyList<StoredDeadLetter>> ReadDeadLettersAsync(
        long? before, int limit, CancellationToken cancellationToken) =>
        store.ReadDeadLettersAsync(before, limit, cancellationToken);

    public Task SaveSessionsAsync(IReadOnlyList<SessionChange> changes, CancellationToken cancellationToken) =>
        store.SaveSessionsAsync(changes, cancellationToken);

    public Task<StoredSession?> LoadSessionAsync(string client, CancellationToken cancellationToken) =>
        store.LoadSessionAsync(client, cancellationToken);

    public IAsyncEnumerable<StoredSession> ReadSessionsAsync(CancellationToken cancellationToken) =>
        store.ReadSessionsAsync(cancellationToken);

    private TaskCompletionSource? Release() => Interlocked.Exchange(ref _gate, null);
}
