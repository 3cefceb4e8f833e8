using Orleans.Placement;
using Orleans.Runtime;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Placement;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>
/// The grain of one twin: a thin shell around <see cref="TwinTurns"/>, which runs the fold. It loads, lets calls in,
/// and writes a snapshot when it goes.
/// </summary>
[GrainType("twingrid.twin"), ShardPlacement, Immovable]
internal sealed class TwinGrain(TwinRuntime runtime) : Grain, ITwin
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_longestExpiry = TimeSpan.FromDays(7);
    private static readonly TimeSpan s_recallPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_defaultExpiry = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_damagedFor = TimeSpan.FromMinutes(1);

    private TwinTurns? _turns;
    private string? _damage;
    private string? _refusal;
    private long _damagedAt;

    private TwinTurns Turns => _turns ?? throw Unloaded();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        TwinId twin = TwinId.FromGrainKey(this.GetPrimaryKeyString());
        await runtime.Kinds.Ready;
        try
        {
            await runtime.Dead.SettledAsync(cancellationToken);
            (TwinState state, int tail) =
                await TwinRecovery.LoadAsync(twin, runtime.Store, runtime.Kinds, cancellationToken);
            _turns = new TwinTurns(runtime, GrainContext, DelayDeactivation, state, tail);
        }
        catch (TwinDamagedException e)
        {
            // It stays and says so: one line in the log, and no look at the store for each message that comes.
            (_damage, _damagedAt) = (e.Message, runtime.Clock.GetTimestamp());
            runtime.LogDamaged(twin, e.Message);
            return;
        }
        catch (TwinGridUnavailableException e)
        {
            // No surprise that Orleans should tell with its stack: who called hears it, and the next call looks again.
            _refusal = e.Message;
            return;
        }

        _turns.Open();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _turns is null ? Task.CompletedTask : _turns.CloseAsync(cancellationToken);

    public async Task<TwinSnapshot?> GetAsync()
    {
        TwinSnapshot? twin = await Turns.ReadAsync(
            (state, durable) => state.Exists ? SnapshotBuilder.Snapshot(state, durable) : null);
        ForgetUnknown(twin is null);
        return twin;
    }

    public async Task<TwinSummary?> SummarizeAsync()
    {
        TwinSummary? twin = await Turns.ReadAsync(
            (state, _) => state.Exists ? SnapshotBuilder.Summary(state) : null);
        ForgetUnknown(twin is null);
        return twin;
    }

    public async Task<IngestResult> ApplyAsync(byte[] inputs)
    {
        if (Damage() is not null)
        {
            return new IngestResult(IngestStatus.Damaged);
        }

        TwinCall call = await Turns.CallAsync(inputs);
        return call.IsGivenBack
            ? throw new TwinGridUnavailableException("the twin was going and took nothing of it; call again")
            : call.Result;
    }

    public async Task<CommandAnswer> SendAsync(
        string commandId, string name, RawJson args, TimeSpan? expiresIn, string? idempotencyKey)
    {
        long now = runtime.Now;
        IReadOnlyList<CommandDefinition> declared = Turns.State.Kind.Definition?.Commands ?? [];
        TimeSpan expiry = expiresIn
            ?? declared.FirstOrDefault(c => c.Name == name)?.ExpiresIn.Value
            ?? s_defaultExpiry;
        expiry = expiry < s_longestExpiry ? expiry : s_longestExpiry;
        CommandRequestInput request = new(commandId, name, args, now + UnixMicroseconds.From(expiry), idempotencyKey);
        TwinCall call = await Turns.CallAsync(
            PackedInputs.Pack(InputKind.CommandRequest, now, request, TwinGridJson.Default.CommandRequestInput));
        return call.Result.Status switch
        {
            IngestStatus.UnknownTwin => new CommandAnswer(CommandRefusal.UnknownTwin, null),
            IngestStatus.Accepted => new CommandAnswer(call.Answer.Refusal, call.Answer.Command?.ToSnapshot()),
            _ => new CommandAnswer(CommandRefusal.Unavailable, null),
        };
    }

    public Task<CommandSnapshot?> GetCommandAsync(string commandId) =>
        CommittedAsync(state => state.FindCommand(commandId)?.ToSnapshot());

    public async Task<CommandSnapshot?> WaitForCommandAsync(string commandId, TimeSpan wait)
    {
        long end = runtime.Clock.GetTimestamp()
            + (long)((wait < s_longestWait ? wait : s_longestWait).TotalSeconds * runtime.Clock.TimestampFrequency);
        while (true)
        {
            Task change = Turns.NextCommandChange();
            CommandSnapshot? command = await GetCommandAsync(commandId);
            TimeSpan left = runtime.Clock.GetElapsedTime(runtime.Clock.GetTimestamp(), end);
            if (command is null or { Status: >= CommandStatus.Succeeded } || left <= TimeSpan.Zero || Turns.IsGoing)
            {
                return command;
            }

            // What the wait ends with does not matter: the command is read again, and the time is looked at there.
            await change.WaitAsync(left, runtime.Clock).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    public async Task<CancelAnswer> CancelAsync(string commandId)
    {
        (bool exists, CommandMessage? queued) = await CommittedAsync(state => (
            state.Exists,
            state.FindCommand(commandId) is { Status: CommandStatus.Queued } command ? command.ToMessage() : null));
        if (!exists)
        {
            ForgetUnknown(true);
            return new CancelAnswer(CancelRefusal.UnknownTwin, null);
        }

        if (queued is null)
        {
            return await CancelInTurnAsync(commandId);
        }

        // First nobody sends it any more, then it is cancelled: what is told to be cancelled is never delivered.
        try
        {
            TwinEffect recall = EffectPublisher.Recall(Turns.State.Twin, queued);
            return await Turns.Publisher.TryRecallAsync(recall, s_recallPatience)
                ? await CancelInTurnAsync(commandId)
                : new CancelAnswer(CancelRefusal.Delivered, await GetCommandAsync(commandId));
        }
        catch (Exception e) when (e is TimeoutException or TwinGridUnavailableException)
        {
            return new CancelAnswer(CancelRefusal.Unavailable, null);
        }
        finally
        {
            Turns.Publisher.EndRecall(Turns.State, commandId, runtime.Now);
        }
    }

    public async Task<DesiredAnswer> PatchDesiredAsync(string writeId, RawJson patch, IReadOnlyList<long>? ifMatch)
    {
        ArgumentException.ThrowIfNullOrEmpty(writeId);
        DesiredPropertiesInput write = new(writeId, patch, ifMatch);
        TwinCall call = await Turns.CallAsync(PackedInputs.Pack(
            InputKind.DesiredProperties, runtime.Now, write, TwinGridJson.Default.DesiredPropertiesInput));
        return call.Result.Status switch
        {
            IngestStatus.Accepted => call.Answer.Desired!,
            IngestStatus.UnknownTwin => new DesiredAnswer(DesiredRefusal.UnknownTwin, null, []),
            _ => new DesiredAnswer(DesiredRefusal.Unavailable, null, []),
        };
    }

    public async Task<WatchAnswer> WatchAsync(WatchRequest request)
    {
        WatchAnswer answer = await Turns.Watch.AnswerAsync(request);
        ForgetUnknown(answer.Refusal == WatchRefusal.UnknownTwin);
        return answer;
    }

    public Task UnwatchAsync(string watcher)
    {
        Turns.Watch.Leave(watcher);
        ForgetUnknown(!Turns.State.Exists);
        return Task.CompletedTask;
    }

    public async Task<AlarmSnapshot?> AcknowledgeAlarmAsync(string alarm, string by, string? note)
    {
        AlarmAcknowledgementInput input = new(alarm, by, note);
        TwinCall call = await Turns.CallAsync(PackedInputs.Pack(
            InputKind.AlarmAcknowledged, runtime.Now, input, TwinGridJson.Default.AlarmAcknowledgementInput));
        return call.Result.Status is IngestStatus.Accepted or IngestStatus.UnknownTwin
            ? call.Answer.Alarm?.ToSnapshot()
            : throw new TwinGridUnavailableException("the store does not answer; try again");
    }

    public async Task<bool> DeleteAsync(bool eraseHistory)
    {
        // Nothing of the twin is sealed meanwhile, so that no sealed part reaches beyond what is erased.
        using IDisposable? hold = eraseHistory ? await runtime.Sealer.HoldAsync() : null;
        TwinCall call = await Turns.CallAsync(PackedInputs.Pack(InputKind.Deleted, runtime.Now));
        if (call.Result.Status != IngestStatus.Accepted)
        {
            return call.Result.Status == IngestStatus.UnknownTwin
                ? eraseHistory && await EraseRemainsAsync()
                : throw new TwinGridUnavailableException("the store does not answer; try again");
        }

        if (eraseHistory)
        {
            await Turns.EraseAsync(call.Result.Revision);
        }

        return true;
    }

    // The twin was deleted before, and its history stayed.
    private async Task<bool> EraseRemainsAsync()
    {
        TwinState state = Turns.State;
        bool isKept = state is { Exists: false, Revision: > 0 }
            && runtime.Store.KeepsHistory
            && await runtime.Store.ReadLogAsync(state.Twin, CancellationToken.None) is { } log
            && log.Oldest <= log.Head;
        if (isKept)
        {
            await Turns.EraseAsync(state.Revision + 1);
        }

        return isKept;
    }

    private async Task<CancelAnswer> CancelInTurnAsync(string commandId)
    {
        CommandCancelledInput cancelled = new(commandId);
        TwinCall call = await Turns.CallAsync(PackedInputs.Pack(
            InputKind.CommandCancelled, runtime.Now, cancelled, TwinGridJson.Default.CommandCancelledInput));
        return call.Result.Status switch
        {
            IngestStatus.Accepted => new CancelAnswer(call.Answer.CancelRefusal, call.Answer.Command?.ToSnapshot()),
            IngestStatus.UnknownTwin => new CancelAnswer(CancelRefusal.UnknownTwin, null),
            _ => new CancelAnswer(CancelRefusal.Unavailable, null),
        };
    }

    public Task RedeliverAsync(string recipient) => TellAsync(
        state => Turns.Publisher.Waiting(state, runtime.Now),
        waiting => Turns.Publisher.PublishWaitingTo(recipient, waiting, runtime.Now));

    public Task RepublishAsync(string recipient) => TellAsync(
        Turns.Publisher.Retained, retained => Turns.Publisher.PublishTo(recipient, retained));

    private async Task TellAsync(
        Func<TwinState, IReadOnlyList<TwinEffect>> owed, Action<IReadOnlyList<TwinEffect>> tell)
    {
        bool exists = false;
        IReadOnlyList<TwinEffect> effects = await CommittedAsync(state =>
        {
            exists = state.Exists;
            return owed(state);
        });
        tell(effects);
        ForgetUnknown(!exists);
    }

    // A status or a command that is not durable may go away again: rather no answer than that.
    private Task<T> CommittedAsync<T>(Func<TwinState, T> read) => Turns.ReadAsync((state, durable) => durable
        ? read(state)
        : throw new TwinGridUnavailableException("the store does not answer; try again"));

    private TwinGridException Unloaded()
    {
        if (_refusal is { } refusal)
        {
            // Behind the calls that came while it was loaded: they all hear so.
            GrainContext.Scheduler.QueueAction(static grain => ((TwinGrain)grain).DeactivateOnIdle(), this);
            return new TwinGridUnavailableException(refusal);
        }

        return Damage() is { } damage
            ? new TwinDamagedException(damage)
            : new TwinGridException("the twin is not loaded");
    }

    /// <summary>What is wrong with what is stored of the twin, or null; it is looked at anew once a minute.</summary>
    private string? Damage()
    {
        if (_damage is not null && runtime.Clock.GetElapsedTime(_damagedAt) >= s_damagedFor)
        {
            DeactivateOnIdle();
        }

        return _damage;
    }

    // Looking does not create: an activation that only looked is not kept.
    private void ForgetUnknown(bool isUnknown)
    {
        if (isUnknown)
        {
            DeactivateOnIdle();
        }
    }
}
