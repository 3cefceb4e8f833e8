using TwinGrid.Twins.State;
using TwinGrid.Twins.Timing;

namespace TwinGrid.Twins;

/// <summary>
/// Tells the outside of committed changes: alarms and commands at once, state and predictions at most once a second
/// and only where somebody listens. Runs on the activation's scheduler.
/// </summary>
internal sealed class EffectPublisher(TwinRuntime runtime, TwinId twin, WakeCall wake)
{
    private const long Period = UnixMicroseconds.PerSecond;

    // How long a command waits for its device before it is told again, and how long at most after that.
    private const long FirstPause = UnixMicroseconds.PerSecond;
    private const long LongestPause = 30 * UnixMicroseconds.PerSecond;

    // Commands that are being called back, with how many callers do.
    private readonly Dictionary<string, int> _recalling = new(StringComparer.Ordinal);

    private long _publishedAt = UnixMicroseconds.Absent;
    private ulong _owedPredictions;
    private bool _owesState;
    private long _againAt = long.MaxValue;
    private long _pause;

    public static TwinEffect Effect(TwinId twin, CommandRecord command) => new()
    {
        Twin = twin,
        Kind = EffectKind.Command,
        Name = command.Name,
        Command = command.ToMessage(),
    };

    public static TwinEffect Recall(TwinId twin, CommandMessage command) => new()
    {
        Twin = twin,
        Kind = EffectKind.Recall,
        Name = command.Name,
        Command = command,
    };

    public static TwinEffect Effect(TwinId twin, AlarmRecord alarm) => new()
    {
        Twin = twin,
        Kind = EffectKind.Alarm,
        Name = alarm.Name,
        Alarm = alarm.ToSnapshot(),
    };

    /// <summary>
    /// Tells again what the last activation may have committed and not told: what is retained, and commands that still
    /// wait. Devices do a command once by its id.
    /// </summary>
    public void Recovered(TwinState state, long now) => Guarded(() =>
    {
        Publish(Retained(state));
        PublishWaiting(Waiting(state, now), now);
    });

    /// <summary>
    /// Tells commands again that still wait, after 1, 2, 4 and so on to 30 s, where somebody listens: the gateway that
    /// had them may be gone, or the device was on its way to another one. A session that owes a command already does
    /// not take it twice.
    /// </summary>
    public void TellAgain(TwinState state, long now)
    {
        if (now < _againAt)
        {
            if (_againAt != long.MaxValue)
            {
                wake.Ask(_againAt);
            }

            return;
        }

        _againAt = long.MaxValue;
        Guarded(() => PublishAgain(state, now));
    }

    /// <summary>Every alarm in its newest state.</summary>
    public IReadOnlyList<TwinEffect> Alarms(TwinState state) =>
        [.. state.Alarms.Select(alarm => Effect(twin, alarm))];

    /// <summary>What is retained: every alarm, and the desired properties where there are any.</summary>
    public IReadOnlyList<TwinEffect> Retained(TwinState state)
    {
        IReadOnlyList<TwinEffect> alarms = Alarms(state);
        return state.DesiredRevision == 0 || !state.Exists ? alarms : [.. alarms, Desired(state)];
    }

    /// <summary>
    /// Withdraws a command from whoever waits to send it, and tells nobody of it until
    /// <see cref="EndRecall"/>.
    /// </summary>
    /// <returns>False when it is on its way to its device.</returns>
    public async Task<bool> TryRecallAsync(TwinEffect command, TimeSpan patience)
    {
        string id = command.Command!.Id;
        _recalling[id] = _recalling.GetValueOrDefault(id) + 1;
        foreach (IEffectSink sink in runtime.Sinks)
        {
            if (!await sink.TryRecallAsync(command).WaitAsync(patience, runtime.Clock))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A call back has ended: a command that it did not end is told of again.</summary>
    public void EndRecall(TwinState state, string id, long now)
    {
        int others = _recalling[id] - 1;
        if (others > 0)
        {
            _recalling[id] = others;
            return;
        }

        _recalling.Remove(id);
        Guarded(() => PublishWaiting([.. Waiting(state, now).Where(effect => effect.Command!.Id == id)], now));
    }

    /// <summary>The commands that wait for the device, but for those that the kill switch holds back.</summary>
    public IReadOnlyList<TwinEffect> Waiting(TwinState state, long now) =>
    [
        .. state.Commands
            .Where(command => command.Status == CommandStatus.Queued && command.ExpiresAt > now)
            .Where(command => command.Policy is null || runtime.Mode == ControlMode.Act)
            .Where(command => !_recalling.ContainsKey(command.Id))
            .Select(command => Effect(twin, command)),
    ];

    /// <summary>Takes what a committed turn did.</summary>
    public void Committed(TwinState state, TurnEffects effects, long now)
    {
        _owesState = true;
        _owedPredictions |= effects.Predictions;
        if (effects.IsTold)
        {
            TellAtOnce(state, effects, now);
        }

        if (effects.LateResults > 0)
        {
            TurnMetrics.CountLateResults(effects.LateResults);
        }

        PublishOwed(state, now);
    }

    /// <summary>Publishes state and predictions when a second has passed, else sees to it that it will.</summary>
    public void PublishOwed(TwinState state, long now)
    {
        if (!_owesState || runtime.Sinks.Length == 0)
        {
            return;
        }

        if (_publishedAt != UnixMicroseconds.Absent && now - _publishedAt < Period && now >= _publishedAt)
        {
            wake.Ask(_publishedAt + Period);
            return;
        }

        _owesState = false;
        _publishedAt = now;
        TellState(state);
    }

    // Methods of their own, so that most turns, which tell nothing, make no closure.
    private void TellAtOnce(TwinState state, TurnEffects effects, long now) =>
        Guarded(() => PublishAtOnce(state, effects, now));

    private void TellState(TwinState state) => Guarded(() => PublishState(state));

    // A commit may take longer than a command is good for: one that is past its expiry is never sent.
    private void PublishAtOnce(TwinState state, TurnEffects effects, long now)
    {
        List<TwinEffect> atOnce = [];
        atOnce.AddRange(effects.Alarms.Select(alarm => Effect(twin, alarm)));
        atOnce.AddRange(effects.Deliveries
            .Where(command => command.Status == CommandStatus.Queued && command.ExpiresAt > now)
            .Select(command => Effect(twin, command)));
        if (effects.Deliveries.Count > 0)
        {
            PlanAgain(now, FirstPause);
        }

        if (effects.DesiredChanged && state.Exists)
        {
            atOnce.Add(Desired(state));
        }

        foreach (CommandRecord command in effects.Recalls)
        {
            Withdraw(command);
        }

        if (effects.Deleted)
        {
            atOnce.Add(new TwinEffect { Twin = twin, Kind = EffectKind.Deleted });
        }

        if (effects.Alarms.Count > 0)
        {
            AddPredictions(state, atOnce);
        }

        Publish(atOnce);
    }

    private void PublishWaiting(IReadOnlyList<TwinEffect> waiting, long now)
    {
        Publish(waiting);
        if (waiting.Count > 0)
        {
            PlanAgain(now, FirstPause);
        }
    }

    private void PublishAgain(TwinState state, long now)
    {
        IReadOnlyList<TwinEffect> waiting = Waiting(state, now);
        Publish(
        [
            .. waiting.Where(effect => IsWanted(EffectKind.Command, effect.Name))
                .Select(effect => effect with { IsRepeated = true }),
        ]);
        if (waiting.Count > 0)
        {
            // Also where nobody listens: a session that comes asks, but behind a bridge nobody can.
            PlanAgain(now, Math.Min(_pause * 2, LongestPause));
        }
    }

    private void PlanAgain(long now, long pause)
    {
        if (now + pause < _againAt)
        {
            (_againAt, _pause) = (now + pause, pause);
            wake.Ask(_againAt);
        }
    }

    private TwinEffect Desired(TwinState state) => new()
    {
        Twin = twin,
        Kind = EffectKind.Desired,
        Desired = new DesiredSnapshot(state.DesiredRevision, new RawJson(state.Desired)),
    };

    // It has ended: what is on its way already cannot be helped.
    private void Withdraw(CommandRecord command)
    {
        foreach (IEffectSink sink in runtime.Sinks)
        {
            sink.TryRecallAsync(Recall(twin, command.ToMessage())).Ignore();
        }
    }

    private void PublishState(TwinState state)
    {
        List<TwinEffect> effects = [];
        AddPredictions(state, effects);
        if (state.Exists && IsWanted(EffectKind.State, ""))
        {
            TwinSnapshot snapshot = SnapshotBuilder.Snapshot(state);
            effects.Add(new TwinEffect { Twin = twin, Kind = EffectKind.State, State = snapshot });
        }

        Publish(effects);
    }

    /// <summary>Hands effects to every sink, for one subscriber.</summary>
    public void PublishTo(string recipient, IReadOnlyList<TwinEffect> effects) =>
        Publish([.. effects.Select(effect => effect with { Recipient = recipient })]);

    /// <summary>Hands the commands that wait to every sink, for the session of a device that has come.</summary>
    public void PublishWaitingTo(string recipient, IReadOnlyList<TwinEffect> waiting, long now)
    {
        PublishTo(recipient, waiting);
        if (waiting.Count > 0)
        {
            PlanAgain(now, FirstPause);
        }
    }

    /// <summary>
    /// Ends when what was told has left the silo, or soon after: the next activation may be on another one.
    /// </summary>
    public Task LeaveAsync() => Task.WhenAll(Array.ConvertAll(runtime.Sinks, sink => sink.LeaveAsync()));

    /// <summary>Hands effects to every sink.</summary>
    public void Publish(IReadOnlyList<TwinEffect> effects)
    {
        if (effects.Count == 0)
        {
            return;
        }

        foreach (IEffectSink sink in runtime.Sinks)
        {
            sink.Publish(effects);
        }
    }

    private void AddPredictions(TwinState state, List<TwinEffect> effects)
    {
        for (int i = 0; i < state.Predictions.Length; i++)
        {
            string name = state.Kind.Models[i].Definition.Name;
            if ((_owedPredictions & (1UL << i)) != 0 && IsWanted(EffectKind.Prediction, name))
            {
                PredictionSnapshot prediction = SnapshotBuilder.Prediction(state, i);
                effects.Add(new TwinEffect
                {
                    Twin = twin,
                    Kind = EffectKind.Prediction,
                    Name = name,
                    Prediction = prediction,
                });
            }
        }

        _owedPredictions = 0;
    }

    // What is told is committed already: that it could not be told must not stop the twin.
    private void Guarded(Action publish)
    {
        try
        {
            publish();
        }
#pragma warning disable CA1031 // Whatever failed, the next turn comes.
        catch (Exception e)
#pragma warning restore CA1031
        {
            runtime.LogPublishFailed(e, twin);
        }
    }

    private bool IsWanted(EffectKind kind, string name)
    {
        foreach (IEffectSink sink in runtime.Sinks)
        {
            if (sink.Wants(twin, kind, name))
            {
                return true;
            }
        }

        return false;
    }
}
