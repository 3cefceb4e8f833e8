using Orleans.Runtime;
using TwinGrid.Twins.Committing;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>
/// The turns of one activation: take what waits, fold it, commit it, then acknowledge, publish and show it. One turn
/// is under way at a time. Everything runs on the activation's scheduler, so nothing here is locked.
/// </summary>
internal sealed partial class TwinTurns
{
    /// <summary>After so many turns a snapshot is written with the next one, which bounds recovery.</summary>
    private const int SnapshotEvery = 256;

    /// <summary>Inputs of one turn, bytes; the rest waits for the next.</summary>
    private const int MostInputBytes = 1 << 20;

    private readonly TwinRuntime _runtime;
    private readonly IGrainContext _context;
    private readonly ActivationKeeper _keeper;
    private readonly TwinInbox _inbox;
    private readonly EffectPublisher _publisher;
    private readonly TurnEffects _effects = new();
    private readonly CommittedReaders _readers;
    private List<IngestItem> _held = [];
    private List<IngestItem> _turn = [];
    private TaskCompletionSource? _committing;
    private TaskCompletionSource? _commandsChanged;
    private TurnFate _fate;
    private bool _admitting;
    private bool _admitted;
    private int _tail;
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
        _context = context;
        _keeper = new ActivationKeeper(keepActive, runtime.Clock);
        State = state;
        _tail = tail;
        _revision = state.Revision;
        _inbox = new TwinInbox(context, _ => Drain());
        _publisher = new EffectPublisher(runtime, state.Twin);
        _readers = new CommittedReaders(state, runtime.Clock);
    }

    /// <summary>Tells the outside of the twin.</summary>
    public EffectPublisher Publisher => _publisher;

    /// <summary>True while the twin is being entered into the catalogue, and after.</summary>
    public bool IsAdmitted => _admitting || _admitted;

    /// <summary>The twin; what outsiders may see of it after <see cref="ReadAsync"/>.</summary>
    public TwinState State { get; }

    /// <summary>Lets inputs in, and tells anew what the last activation may not have told.</summary>
    public void Open()
    {
        long now = _runtime.Now;
        _runtime.Active.Add(State.Twin, _inbox);
        ScheduleDue(now);
        _publisher.Recovered(State, now);
        if (State is { Online: true, OnlineSession.Length: > 0 } && State.OnlineSince < _runtime.StartedAt)
        {
            // Its session was of a gateway that is gone, and nobody saw it end.
            PresenceInput lost = new(false, State.OnlineSession);
            Post(PackedInputs.Pack(InputKind.Presence, now, lost, TwinGridJson.Default.PresenceInput));
        }

        if (_runtime.Mode != ControlMode.Act && State.Commands.Exists(c => c is { IsClosed: false, Policy: not null }))
        {
            // The kill switch was turned while this twin was away.
            Post(PackedInputs.Pack(InputKind.Tick, now));
        }
    }

    /// <summary>Takes no more, waits for the commit under way and writes a snapshot.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        Leave();
        if (_committing is { } committing)
        {
            await committing.Task.WaitAsync(cancellationToken);
        }

        if (_tail > 0 && !_isLost && !_runtime.SkipsSnapshots)
        {
            await WriteSnapshotAsync(Snapshot()).WaitAsync(cancellationToken);
        }
    }

    /// <summary>Adds inputs and ends when it is known what became of them.</summary>
    public Task<IngestItem> PostAsync(ReadOnlyMemory<byte> inputs) => Post(inputs).Done;

    /// <summary>
    /// Reads the state when all of it is committed: at once, or between the commit under way and the next turn, so
    /// that a busy twin does not starve its readers. Where the store is so slow that this takes over a second the
    /// state is read as it is, and the reader is told that it is not durable.
    /// </summary>
    /// <param name="read">Makes a copy of what is asked for; is told whether it is durable.</param>
    /// <exception cref="TwinGridUnavailableException">
    /// The commit failed and the twin is read again: ask again.
    /// </exception>
    public Task<T> ReadAsync<T>(Func<TwinState, bool, T> read) =>
        _committing is null ? Task.FromResult(read(State, true)) : _readers.WaitAsync(read);

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

    private IngestItem Post(ReadOnlyMemory<byte> inputs)
    {
        IngestItem item = new(inputs);
        if (!_inbox.TryPost(item))
        {
            item.Move();
        }

        return item;
    }

    /// <summary>One turn, unless the last one's commit is still under way: its end drains again.</summary>
    private void Drain()
    {
        if (_committing is not null || _admitting || _isClosed)
        {
            return;
        }

        _held.AddRange(_inbox.TakeAll());
        if (_held.Count > 0 && !State.Exists && !_admitted && !Admit())
        {
            return;
        }

        long now = _runtime.Now;
        _publisher.PublishOwed(State, now);
        if (_held.Count > 0 || _due <= now)
        {
            Turn(now);
        }
        else
        {
            ScheduleDue(now);
        }
    }

    private void Turn(long now)
    {
        long start = _runtime.Clock.GetTimestamp();
        TurnHeader header = _runtime.Header(State.Kind);
        _effects.Clear();
        TakeTurn();
        if (TryFold(header, now) is not { } inputs)
        {
            return;
        }

        ScheduleDue(now);
        TurnMetrics.Took(_runtime.Clock.GetElapsedTime(start));
        if (_effects.Changed)
        {
            Commit(inputs, now);
            return;
        }

        CompleteTurn(IngestStatus.Accepted);
        if (_held.Count > 0)
        {
            _inbox.Schedule();
        }
    }

    private void Commit(byte[] inputs, long now)
    {
        State.Revision = ++_revision;
        _committing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        TwinTurn turn = new()
        {
            Twin = State.Twin,
            Revision = _revision,
            Time = now,
            FoldVersion = TwinFold.Version,
            Inputs = inputs,
        };
        StoredSnapshot? snapshot = ++_tail >= SnapshotEvery ? Snapshot() : null;
        _tail = snapshot is null ? _tail : 0;
        if (_runtime.AcknowledgesApplied)
        {
            CompleteTurn(IngestStatus.Accepted);
        }

        _runtime.Committer.Enqueue(new PendingTurn(turn, snapshot, OnFate));
    }

    // A turn takes what waits, up to its size; the rest is the next turn's.
    private void TakeTurn()
    {
        int count = 0;
        for (int bytes = 0; count < _held.Count && (count == 0 || bytes < MostInputBytes); count++)
        {
            bytes += _held[count].Inputs.Length;
        }

        _turn = _held.GetRange(0, count);
        _held.RemoveRange(0, count);
    }

    /// <summary>
    /// Folds the turn; null when the fold failed, which only code of a user's own or a fault of ours can make. The
    /// state is then half changed: the activation goes, the input that did it is refused, the others are sent again.
    /// </summary>
    private byte[]? TryFold(in TurnHeader header, long now)
    {
        IngestItem? current = null;
        try
        {
            return Fold(header, now, ref current);
        }
#pragma warning disable CA1031 // Whatever failed, the sender must hear of it and the twin must be read again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _runtime.LogFoldFailed(e, State.Twin);
            current?.Complete(IngestStatus.Failed, _revision);
            Lose(_turn.Where(item => item != current));
            return null;
        }
    }

    private byte[] Fold(in TurnHeader header, long now, ref IngestItem? current)
    {
        bool ticks = _due <= now;
        byte[] tick = ticks ? PackedInputs.Pack(InputKind.Tick, now) : [];
        byte[] inputs = new byte[TurnHeader.Size + _turn.Sum(item => item.Inputs.Length) + tick.Length];
        header.Write(inputs);
        int at = TurnHeader.Size;
        foreach (IngestItem item in _turn)
        {
            current = item;
            item.Inputs.Span.CopyTo(inputs.AsSpan(at));
            at += item.Inputs.Length;
            item.Answer = TwinFold.Apply(State, header, item.Inputs.Span, _effects);
            TurnMetrics.Count(item.Answer);
        }

        current = null;
        if (ticks)
        {
            tick.CopyTo(inputs.AsSpan(at));
            TwinFold.Apply(State, header, tick, _effects);
        }

        return inputs;
    }

    private void OnFate(TurnFate fate)
    {
        _fate = fate;
        _context.Scheduler.QueueAction(static turns => ((TwinTurns)turns).AfterCommit(), this);
    }

    private void AfterCommit()
    {
        TaskCompletionSource committing = _committing!;
        _committing = null;
        _readers.Answer(_fate == TurnFate.Committed);
        if (_fate == TurnFate.Committed)
        {
            CompleteTurn(IngestStatus.Accepted);
            AfterSuccess();
        }
        else
        {
            CompleteTurn(IngestStatus.Unavailable);
            Lose([]);
        }

        committing.SetResult();
    }

    private void AfterSuccess()
    {
        _admitted &= !_effects.Deleted;
        _publisher.Committed(State, _effects, _runtime.Now);
        if (_effects.CommandsChanged)
        {
            _commandsChanged?.SetResult();
            _commandsChanged = null;
        }

        _keeper.Turned();
        Drain();
    }

    // Nothing of this activation may be seen any more: the store is read again.
    private void Lose(IEnumerable<IngestItem> unfinished)
    {
        _isLost = true;
        foreach (IngestItem item in unfinished)
        {
            item.Move();
        }

        _turn = [];
        Leave();
        Deactivate();
    }

    // Takes no more; what waits is sent again by whoever waits for it.
    private void Leave()
    {
        _isClosed = true;
        _runtime.Active.Remove(State.Twin, _inbox);
        foreach (IngestItem item in _inbox.Close().Concat(_held))
        {
            item.Move();
        }

        _held = [];
    }

    private void CompleteTurn(IngestStatus status)
    {
        foreach (IngestItem item in _turn)
        {
            item.Complete(status, _revision);
        }

        _turn = [];
    }

    private StoredSnapshot Snapshot() => new()
    {
        Twin = State.Twin,
        Revision = State.Revision,
        FoldVersion = TwinFold.Version,
        NextDue = TwinFold.NextDue(State, _runtime.Now),
        State = StateWriter.Write(State),
    };

    // What is due already and did not go away with a turn is looked at once a second, not at every tick of the wheel.
    private void ScheduleDue(long now)
    {
        _due = TwinFold.NextDue(State, now);
        if (_due is { } due)
        {
            _due = Math.Max(due, now + UnixMicroseconds.PerSecond * (due <= now ? 1 : 0));
            _runtime.Wheel.Schedule(State.Twin, _due.Value);
        }
    }

    private void Deactivate() => _context.Deactivate(
        new DeactivationReason(
            DeactivationReasonCode.ApplicationRequested, "the twin must be read again or does not exist"));
}
