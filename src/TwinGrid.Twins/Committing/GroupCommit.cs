using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace TwinGrid.Twins.Committing;

/// <summary>
/// Brings turns to the store in groups: while one group commits the next one fills, so under load a group is what
/// arrived during a commit, and a lone turn waits for nobody. Step 7 of the walk. Thread-safe.
/// </summary>
/// <remarks>
/// While the store is away the group is sent again and again: its twins stay active and are read as not durable, what
/// is not acknowledged waits at its sender, and all goes on when the store is back. Any other failure throws the
/// activations away: where the store says that it kept nothing their messages come again, else all senders hear of it.
/// </remarks>
internal sealed partial class GroupCommit : IAsyncDisposable
{
    /// <summary>
    /// Turns of one group at most; one of this size alone takes 12 ms. While a disk syncs the queue grows, and the next
    /// group must be able to take it in: 6,400 turns under way over 10,000 twins went at 53,000/s and 12.8 µs of CPU
    /// in groups of 500, at 150,000/s and 9.9 µs in groups of 2,000 (medians of two, 2 cores).
    /// </summary>
    public const int MostTurns = 2_000;

    private static readonly Histogram<int> s_groupSize = TwinGridDiagnostics.Meter.CreateHistogram<int>(
        "twingrid.commit.turns", "{turn}", "Turns of one group commit.");

    private static readonly Histogram<double> s_duration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.commit.duration", "s", "How long a group commit takes.");

    private static readonly Counter<long> s_lost = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.commit.not_committed", "{turn}", "Turns that were fenced or not kept, or whose outcome is unknown.");

    // A store that is back is found within the second of these, and asked no more often while it is away.
    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a stop waits for a store that is away.</summary>
    private static readonly TimeSpan s_stopPatience = TimeSpan.FromSeconds(3);

    // Not declared as having a single reader: such a channel cannot say how much waits in it.
    private readonly Channel<PendingTurn> _pending = Channel.CreateUnbounded<PendingTurn>();

    private readonly ITwinStore _store;
    private readonly TimeProvider _clock;
    private readonly ILogger<GroupCommit> _logger;
    private readonly CancellationTokenSource _givenUp = new();
    private readonly Task _loop;
    private ITimer? _stop;

    /// <summary>Begins to commit what comes.</summary>
    /// <param name="store">Where to.</param>
    /// <param name="clock">What durations are measured with.</param>
    /// <param name="logger">Where failures are told.</param>
    /// <param name="scheduler">Where the loop runs: the thread pool, or what a simulation brings.</param>
    public GroupCommit(
        ITwinStore store, TimeProvider clock, ILogger<GroupCommit> logger, TaskScheduler? scheduler = null)
    {
        _store = store;
        _clock = clock;
        _logger = logger;
        Health = new CommitHealth(clock);
        _loop = Task.Factory.StartNew(
            RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler ?? TaskScheduler.Default)
            .Unwrap();
    }

    /// <summary>Whether the store takes what is committed.</summary>
    public CommitHealth Health { get; }

    /// <summary>Shows the queue as a metric; once in a silo, for a meter keeps its instruments for good.</summary>
    public void Observe() => TwinGridDiagnostics.Meter.CreateObservableGauge(
        "twingrid.commit.queue", () => _pending.Reader.Count, "{turn}", "Turns that wait for a group commit.");

    /// <summary>
    /// Queues a turn. The queue is bounded by the twins: each has at most one turn under way and takes no other
    /// before this one's fate is known.
    /// </summary>
    public void Enqueue(PendingTurn turn)
    {
        if (!_pending.Writer.TryWrite(turn))
        {
            turn.Committed(TurnFate.Unknown);
        }
    }

    /// <summary>The silo stops: from now on a store that is away is waited for only so long.</summary>
    public void Stop() => _stop ??= _clock.CreateTimer(
        static givenUp => ((CancellationTokenSource)givenUp!).Cancel(),
        _givenUp,
        s_stopPatience,
        Timeout.InfiniteTimeSpan);

    /// <summary>Commits what is queued and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        Stop();
        _pending.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
        await _stop!.DisposeAsync().ConfigureAwait(false);
        _givenUp.Dispose();
    }

    private async Task RunAsync()
    {
        List<PendingTurn> group = new(MostTurns);
        while (await _pending.Reader.WaitToReadAsync())
        {
            group.Clear();
            while (group.Count < MostTurns && _pending.Reader.TryRead(out PendingTurn turn))
            {
                group.Add(turn);
            }

            await CommitAsync(group);
        }
    }

    private async Task CommitAsync(List<PendingTurn> group)
    {
        (TwinTurn[] turns, StoredSnapshot[] snapshots) = Rows(group);
        long start = _clock.GetTimestamp();
        using Activity? span = TwinGridDiagnostics.ActivitySource.StartActivity("twingrid.commit");
        span?.SetTag("twingrid.turns", turns.Length);
        IReadOnlyList<CommitOutcome>? outcomes = null;
        TurnFate failure = TurnFate.Unknown;
        try
        {
            outcomes = await CommitPatientlyAsync(turns, snapshots);
            if (outcomes.Count != turns.Length)
            {
                throw new TwinGridException($"the store answered {outcomes.Count} of {turns.Length} turns");
            }

            Health.Taken();
        }
#pragma warning disable CA1031 // Whatever the store throws, every twin must hear of it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            outcomes = null;
            failure = e is TwinGridNotCommittedException ? TurnFate.NotKept : TurnFate.Unknown;
            Health.Refused(e.Message);
            LogFailed(e, group.Count);
            span?.SetStatus(ActivityStatusCode.Error, e.Message);
        }

        s_groupSize.Record(turns.Length);
        s_duration.Record(_clock.GetElapsedTime(start).TotalSeconds);
        Announce(group, outcomes, failure);
    }

    private async Task<IReadOnlyList<CommitOutcome>> CommitPatientlyAsync(
        TwinTurn[] turns, StoredSnapshot[] snapshots)
    {
        TimeSpan wait = s_firstWait;
        long since = _clock.GetTimestamp();
        bool waited = false;
        while (true)
        {
            try
            {
                // Not to be given up half way: what became of it would not be known.
                IReadOnlyList<CommitOutcome> outcomes =
                    await _store.CommitAsync(turns, snapshots, CancellationToken.None);
                if (waited)
                {
                    LogBack(_clock.GetElapsedTime(since).TotalSeconds);
                }

                return outcomes;
            }
            catch (TwinGridUnavailableException e) when (!_givenUp.IsCancellationRequested)
            {
                Health.Refused(e.Message);
                if (!waited)
                {
                    LogAway(e.Message, turns.Length);
                    waited = true;
                }
            }

            await Task.Delay(wait, _clock, _givenUp.Token).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            wait = wait + wait < s_longestWait ? wait + wait : s_longestWait;
        }
    }

    private static (TwinTurn[] Turns, StoredSnapshot[] Snapshots) Rows(List<PendingTurn> group)
    {
        int turnCount = 0;
        int snapshotCount = 0;
        foreach (PendingTurn pending in group)
        {
            turnCount += pending.Turn is null ? 0 : 1;
            snapshotCount += pending.Snapshot is null ? 0 : 1;
        }

        TwinTurn[] turns = new TwinTurn[turnCount];
        StoredSnapshot[] snapshots = new StoredSnapshot[snapshotCount];
        (turnCount, snapshotCount) = (0, 0);
        foreach (PendingTurn pending in group)
        {
            if (pending.Turn is { } turn)
            {
                turns[turnCount++] = turn;
            }

            if (pending.Snapshot is { } snapshot)
            {
                snapshots[snapshotCount++] = snapshot;
            }
        }

        return (turns, snapshots);
    }

    /// <summary>Tells every twin what became of its turn; without outcomes that is one failure for all.</summary>
    private static void Announce(
        List<PendingTurn> group, IReadOnlyList<CommitOutcome>? outcomes, TurnFate failure)
    {
        int turn = 0;
        foreach (PendingTurn pending in group)
        {
            TurnFate fate = outcomes is null ? failure
                : pending.Turn is null || outcomes[turn++] == CommitOutcome.Committed ? TurnFate.Committed
                : TurnFate.Fenced;
            if (fate != TurnFate.Committed)
            {
                s_lost.Add(1, new KeyValuePair<string, object?>("fate", fate.ToString()));
            }

            pending.Committed(fate);
        }
    }

    [LoggerMessage(
        LogLevel.Warning,
        "{Reason} A group of {Turns} turns waits for it: nothing is acknowledged, twins are read as not durable.")]
    private partial void LogAway(string reason, int turns);

    [LoggerMessage(LogLevel.Warning, "The store answers again after {Seconds:0.0} s.")]
    private partial void LogBack(double seconds);

    [LoggerMessage(LogLevel.Error, "A group of {Turns} turns could not be committed; their twins are read again.")]
    private partial void LogFailed(Exception exception, int turns);
}
