using Orleans.Runtime;
using TwinGrid.Twins.Committing;
using TwinGrid.Twins.History;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Presence;
using TwinGrid.Twins.State;
using TwinGrid.Twins.Timing;
using TwinGrid.Twins.Watching;

namespace TwinGrid.Twins;

/// <summary>
/// The turns of one activation: take what waits, fold it, commit it, then acknowledge, publish and show it. One turn
/// is under way at a time. Everything runs on the activation's scheduler, so nothing here is locked.
/// </summary>
internal sealed partial class TwinTurns
{
    /// <summary>
    /// Calls that wait at one twin: while a store is away their callers have long given up, and they would gather.
    /// </summary>
    private const int MostCalls = 1_000;

    private readonly TwinRuntime _runtime;
    private readonly WakeCall _wake;
    private readonly TwinInbox _inbox;
    private readonly TurnQueue _queue;
    private readonly EffectPublisher _publisher;
    private readonly TurnEffects _effects = new();
    private readonly Action<TurnFate> _onFate;
    private ActivationKeeper _keeper;
    private CommittedReaders? _readers;
    private TwinWatch? _watch;
    private TaskCompletionSource? _commitEnd;
    private TaskCompletionSource? _commandsChanged;
    private TurnFate _fate;
    private bool _isCommitting;
    private bool _isAdmitting;
    private bool _admitted;
    private bool _hasFolded;
    private int _tail;
    private int _calls;
    private long _revision;
    private long? _due;
    private bool _isClosed;
    private bool _isLost;

    /// <summary>Makes the turns of an activation that has just been loaded.</summary>
    /// <param name="runtime">What the silo's twins share.</param>
    /// <param name="context">The activation.</param>
    /// <param name="keepActive">Keeps the activation from being collected for so long.</param>
    /// <param name="state">The twin.</param>
    /// <param name="tail">How many turns the store has after its newest snapshot.</param>
    public TwinTurns(
        TwinRuntime runtime, IGrainContext context, Action<TimeSpan> keepActive, TwinState state, int tail)
    {
        _runtime = runtime;
        Context = context;
        _keeper = new ActivationKeeper(keepActive, runtime.Now);
        State = state;
        _tail = tail;
        _revision = state.Revision;
        _wake = new WakeCall(runtime.Wheel, state.Twin);
        _inbox = new TwinInbox(this);
        _queue = new TurnQueue(runtime.Logger);
        _publisher = new EffectPublisher(runtime, state.Twin, _wake);
        _onFate = OnFate;
    }

    /// <summary>The activation.</summary>
    public IGrainContext Context { get; }

    /// <summary>Tells the outside of the twin.</summary>
    public EffectPublisher Publisher => _publisher;

    /// <summary>Tells whoever watches the twin; nothing while nobody does.</summary>
    public TwinWatch Watch => _watch ??= new TwinWatch(_runtime, this);

    /// <summary>True once it takes no more; what the state says then may never have been committed.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>The twin; what outsiders may see of it after <see cref="ReadAsync"/>.</summary>
    public TwinState State { get; }

    /// <summary>Lets inputs in, and tells anew what the last activation may not have told.</summary>
    public void Open()
    {
        long now = _runtime.Now;
        ScheduleDue(now);
        _publisher.Recovered(State, now);
        if (MustObey())
        {
            // The kill switch was turned while this twin was away.
            _wake.Ask(now);
        }

        // The last that can fail is over: from here on messages come, and each has its answer.
        _runtime.Active.Add(State.Twin, _inbox);

        // Looked at last: a gateway that goes from here on is seen to by whoever looks at the active twins.
        if (State is { Online: true, OnlineSession.Length: > 0 }
            && _runtime.Gateways.IsGone(State.OnlineSession, State.OnlineSince))
        {
            // Nobody saw its session end.
            Post(GatewayLives.Gone(State.OnlineSession, now));
        }
    }

    /// <summary>Takes no more, waits for the commit under way and writes a snapshot.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        _isClosed = true;
        _watch?.Close();
        try
        {
            if (_isCommitting)
            {
                _commitEnd = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await _commitEnd.Task.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            // Not before: a turn that is not kept is sent again, and what waits behind it must not be on its way.
            Leave();
        }

        if (_tail > 0 && !_isLost && !_runtime.SkipsSnapshots && !State.IsAhead)
        {
            await WriteSnapshotAsync(Snapshot()).WaitAsync(cancellationToken);
            _runtime.Sealer.Note(State.Twin, HistorySealer.FewTurns);
        }

        await _publisher.LeaveAsync().WaitAsync(cancellationToken);
    }

    /// <summary>Adds inputs and ends when it is known what became of them.</summary>
    /// <exception cref="TwinGridUnavailableException">As many calls wait for the store as may.</exception>
    public async Task<TwinCall> CallAsync(ReadOnlyMemory<byte> inputs)
    {
        if (_calls == MostCalls)
        {
            throw new TwinGridUnavailableException($"{MostCalls} calls wait at {State.Twin} already; send again");
        }

        _calls++;
        try
        {
            TwinCall call = Post(inputs);
            await call.Done;
            return call;
        }
        finally
        {
            _calls--;
        }
    }

    /// <summary>Ends when a commit next changes some command of the twin; take it before reading the command.</summary>
    public Task NextCommandChange() =>
        (_commandsChanged ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>
    /// Erases the log before a revision; a snapshot takes its place first, so that the twin stays readable.
    /// </summary>
    /// <exception cref="TwinGridUnavailableException">The snapshot could not be written; nothing is erased.</exception>
    public async Task EraseAsync(long beforeRevision)
    {
        StoredSnapshot snapshot = await ReadAsync((_, _) => Snapshot());
        if (await WriteSnapshotAsync(snapshot) != TurnFate.Committed)
        {
            throw new TwinGridUnavailableException(
                $"the history of {State.Twin} could not be erased: the store does not answer");
        }

        await _runtime.Store.EraseAsync(State.Twin, beforeRevision, CancellationToken.None);
    }

    private Task<TurnFate> WriteSnapshotAsync(StoredSnapshot snapshot)
    {
        TaskCompletionSource<TurnFate> written = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _runtime.Committer.Enqueue(new PendingTurn(null, snapshot, fate => written.TrySetResult(fate)));
        return written.Task;
    }

    private TwinCall Post(ReadOnlyMemory<byte> inputs)
    {
        TwinCall call = new(State.Twin, inputs);
        if (!_inbox.TryPost(call))
        {
            call.GiveBack();
        }

        return call;
    }

    private StoredSnapshot Snapshot() => new()
    {
        Twin = State.Twin,
        Revision = State.Revision,
        FoldVersion = TwinFold.Version,
        NextDue = TwinFold.NextDue(State, _runtime.Now),
        State = StateWriter.Write(State),
    };

    // Nothing of this activation may be seen any more: the store is read again.
    private void Lose(bool refuses = false)
    {
        _isLost = true;
        Leave(refuses);
        CommandsChanged();
        Deactivate();
    }

    // Who waits for a command looks again, and hears where the twin is lost: nobody waits for a state that is gone.
    private void CommandsChanged()
    {
        _commandsChanged?.SetResult();
        _commandsChanged = null;
    }

    // Takes no more; what waits is sent again, to the next activation, or refused.
    private void Leave(bool refuses = false)
    {
        _isClosed = true;
        _watch?.Close();
        if (refuses)
        {
            _runtime.Road.Refuse(State.Twin, _inbox, _queue.GiveAway());
        }
        else
        {
            _runtime.Road.GiveBack(State.Twin, _inbox, _queue.GiveAway());
        }
    }

    // What is due already and did not go away with a turn is looked at once a second, not at every tick of the wheel.
    private void ScheduleDue(long now)
    {
        _due = TwinFold.NextDue(State, now);
        if (_due is { } due)
        {
            _due = Math.Max(due, now + (due <= now ? UnixMicroseconds.PerSecond : 0));
            _wake.Ask(_due.Value);
        }
    }

    // What a policy queued and nobody has is called back when the kill switch says so; by a tick, for that waits until
    // nothing is under way to the twin.
    private bool MustObey() => _runtime.Mode != ControlMode.Act
        && State.Commands.Exists(command => command is { Status: CommandStatus.Queued, Policy: not null });

    private void Deactivate() => Context.Deactivate(
        new DeactivationReason(
            DeactivationReasonCode.ApplicationRequested, "the twin must be read again or does not exist"));
}
