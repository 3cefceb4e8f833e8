using Orleans.Runtime;
using TwinGrid.Twins.Catalogue;
using TwinGrid.Twins.Committing;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>
/// The turns of one activation: take what waits, fold it, commit it, then acknowledge, publish and show it. One turn
/// is under way at a time. Everything runs on the activation's scheduler, so nothing here is locked.
/// </summary>
internal sealed class TwinTurns
{
    /// <summary>After so many turns a snapshot is written with the next one, which bounds recovery.</summary>
    private const int SnapshotEvery = 256;

    /// <summary>Inputs of one turn, bytes; the rest waits for the next.</summary>
    private const int MostInputBytes = 1 << 20;

    private static readonly TimeSpan s_idleAge = TimeSpan.FromMinutes(15);

    private readonly TwinRuntime _runtime;
    private readonly IGrainContext _context;
    private readonly Action<TimeSpan> _keepActive;
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
    private long _keptSince;

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
        _keepActive = keepActive;
        State = state;
        _tail = tail;
        _revision = state.Revision;
        _inbox = new TwinInbox(context, _ => Drain());
        _publisher = new EffectPublisher(runtime, state.Twin);
        _readers = new CommittedReaders(state, runtime.Clock);
    }

    /// <summary>The twin; what outsiders may see of it after <see cref="ReadAsync"/>.</summary>
    public TwinState State { get; }

    /// <summary>Lets inputs in.</summary>
    public void Open()
    {
        _keptSince = _runtime.Clock.GetTimestamp();
        _runtime.Active.Add(State.Twin, _inbox);
        ScheduleDue(_runtime.Now);
        if (State is { Online: true, OnlineSession.Length: > 0 } && State.OnlineSince < _runtime.StartedAt)
        {
            // Its session was of a gateway that is gone, and nobody saw it end.
            PresenceInput lost = new(null, State.OnlineSession);
            Post(PackedInputs.Pack(InputKind.Presence, _runtime.Now, lost, TwinGridJson.Default.PresenceInput));
        }
    }

    /// <summary>Takes no more, waits for the commit under way and writes a snapshot.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        _runtime.Active.Remove(State.Twin, _inbox);
        foreach (IngestItem item in _inbox.Close().Concat(_held))
        {
            item.Move();
        }

        _held = [];
        if (_committing is { } committing)
        {
            await committing.Task.WaitAsync(cancellationToken);
        }

        if (_tail > 0 && _fate == TurnFate.Committed && !_runtime.SkipsSnapshots)
        {
            TaskCompletionSource written = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _runtime.Committer.Enqueue(new PendingTurn(null, Snapshot(), _ => written.SetResult()));
            await written.Task.WaitAsync(cancellationToken);
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
    /// <exception cref="TwinGridException">The commit failed and the twin is read again: ask again.</exception>
    public Task<T> ReadAsync<T>(Func<TwinState, bool, T> read) =>
        _committing is null ? Task.FromResult(read(State, true)) : _readers.WaitAsync(read);

    /// <summary>Ends when a commit next changes some command of the twin; take it before reading the command.</summary>
    public Task NextCommandChange() =>
        (_commandsChanged ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>
    /// Erases the log before a revision; a snapshot takes its place first, so that the twin stays readable.
    /// </summary>
    public async Task EraseAsync(long beforeRevision)
    {
        TaskCompletionSource written = new(TaskCreationOptions.RunContinuationsAsynchronously);
        StoredSnapshot snapshot = await ReadAsync((_, _) => Snapshot());
        _runtime.Committer.Enqueue(new PendingTurn(null, snapshot, _ => written.SetResult()));
        await written.Task;
        await _runtime.Store.EraseAsync(State.Twin, beforeRevision, CancellationToken.None);
    }

    /// <summary>Publishes effects at once.</summary>
    public void Publish(IEnumerable<TwinEffect> effects) => _publisher.Publish([.. effects]);

    public TwinEffect Effect(CommandRecord command) => EffectPublisher.Effect(State.Twin, command);

    public TwinEffect Effect(AlarmRecord alarm) => EffectPublisher.Effect(State.Twin, alarm);

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
        if (_committing is not null || _admitting)
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
        byte[] inputs = Fold(header, now);
        ScheduleDue(now);
        TurnMetrics.Took(_runtime.Clock.GetElapsedTime(start));
        if (!_effects.Changed)
        {
            CompleteTurn(IngestStatus.Accepted);
            return;
        }

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

    private byte[] Fold(in TurnHeader header, long now)
    {
        bool ticks = _due <= now;
        byte[] tick = ticks ? PackedInputs.Pack(InputKind.Tick, now) : [];
        byte[] inputs = new byte[TurnHeader.Size + _turn.Sum(item => item.Inputs.Length) + tick.Length];
        header.Write(inputs);
        int at = TurnHeader.Size;
        foreach (IngestItem item in _turn)
        {
            item.Inputs.Span.CopyTo(inputs.AsSpan(at));
            at += item.Inputs.Length;
            item.Answer = TwinFold.Apply(State, header, item.Inputs.Span, _effects);
            TurnMetrics.Count(item.Answer);
        }

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
            // Nothing of this activation may be seen any more: the store is read again.
            CompleteTurn(IngestStatus.Unavailable);
            foreach (IngestItem item in _inbox.Close().Concat(_held))
            {
                item.Move();
            }

            _held = [];
            Deactivate();
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

        KeepActive();
        Drain();
    }

    private void CompleteTurn(IngestStatus status)
    {
        foreach (IngestItem item in _turn)
        {
            item.Complete(status, _revision);
        }

        _turn = [];
    }

    /// <summary>
    /// Decides on a twin that does not exist: true when its first turn may run now. Listing a twin that has no turn
    /// is harmless, a turn of a twin that no listing shows is not, so the catalogue comes first.
    /// </summary>
    private bool Admit()
    {
        IngestStatus status = _held.Exists(item => TwinFold.IsFromDevice((InputKind)item.Inputs.Span[0]))
            ? _runtime.Gate.Admit(State.Twin)
            : IngestStatus.UnknownTwin;
        if (status == IngestStatus.Accepted)
        {
            _admitting = true;
            EnterCatalogueAsync().Ignore();
            return false;
        }

        _turn = _held;
        _held = [];
        CompleteTurn(status);
        Deactivate();
        return false;
    }

    private async Task EnterCatalogueAsync()
    {
        try
        {
            await _runtime.Grains.GetGrain<ITwinCatalogue>(CatalogueParts.KeyOf(State.Twin)).AddAsync(State.Twin);
            _admitted = true;
        }
        finally
        {
            _admitting = false;
            if (!_admitted)
            {
                _turn = _held;
                _held = [];
                CompleteTurn(IngestStatus.Unavailable);
            }
        }

        Drain();
    }

    private StoredSnapshot Snapshot() => new()
    {
        Twin = State.Twin,
        Revision = State.Revision,
        FoldVersion = TwinFold.Version,
        NextDue = TwinFold.NextDue(State, _runtime.Now),
        State = StateWriter.Write(State),
    };

    private void ScheduleDue(long now)
    {
        _due = TwinFold.NextDue(State, now);
        if (_due is { } due)
        {
            _runtime.Wheel.Schedule(State.Twin, due);
        }
    }

    // Turns do not count as activity with Orleans; telling it at each would cost more than the turn.
    private void KeepActive()
    {
        if (_runtime.Clock.GetElapsedTime(_keptSince) > s_idleAge / 2)
        {
            _keptSince = _runtime.Clock.GetTimestamp();
            _keepActive(s_idleAge);
        }
    }

    private void Deactivate() => _context.Deactivate(
        new DeactivationReason(
            DeactivationReasonCode.ApplicationRequested, "the twin must be read again or does not exist"));
}
