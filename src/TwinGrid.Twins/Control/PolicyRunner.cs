using TwinGrid.Twins.Control.Expressions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Control;

/// <summary>
/// Runs a twin's policies: hold time, the alarm's states, cooldown, command and verification. Step 6 of the walk.
/// Pure: the same state and turn give the same alarms and commands.
/// </summary>
internal static class PolicyRunner
{
    /// <summary>Runs every policy after a message with live readings.</summary>
    /// <param name="state">The twin.</param>
    /// <param name="header">The turn.</param>
    /// <param name="now">Grid time.</param>
    /// <param name="sourceTime">The newest source time of the message: hold times run in it.</param>
    /// <param name="effects">Where alarms and commands go.</param>
    public static void Run(TwinState state, in TurnHeader header, long now, long sourceTime, TurnEffects effects)
    {
        BuiltInAlarms.NoData(state, now, effects);
        for (int i = 0; i < state.Kind.Policies.Length; i++)
        {
            CompiledPolicy policy = state.Kind.Policies[i];
            long time = policy.ReadsAge ? now : SourceTime(state, policy, sourceTime);
            PolicyTurn turn = new(state, policy, i, header.Mode, now, time, effects);
            if (header.Mode == ControlMode.Off || ReadsHistory(state, policy))
            {
                // What is not judged does not hold either: its time begins anew.
                turn.StopHolding();
                continue;
            }

            turn.Verify();
            turn.Judge();
        }
    }

    /// <summary>Runs what time alone can change: conditions on age, verifications and silence.</summary>
    public static void Tick(TwinState state, in TurnHeader header, long now, TurnEffects effects)
    {
        BuiltInAlarms.NoData(state, now, effects);
        if (header.Mode == ControlMode.Off)
        {
            return;
        }

        for (int i = 0; i < state.Kind.Policies.Length; i++)
        {
            CompiledPolicy policy = state.Kind.Policies[i];
            PolicyTurn turn = new(state, policy, i, header.Mode, now, now, effects);
            turn.VerifyIsDue();
            if (policy.ReadsAge && !ReadsHistory(state, policy))
            {
                turn.Judge();
            }
        }
    }

    /// <summary>
    /// When time alone next changes something of the policies; never, for <see cref="long.MaxValue"/>.
    /// </summary>
    public static long NextDue(TwinState state, long now)
    {
        long next = long.MaxValue;
        for (int i = 0; i < state.Policies.Length; i++)
        {
            ref PolicyState policy = ref state.Policies[i];
            CompiledPolicy compiled = state.Kind.Policies[i];
            next = policy.VerifyDue == UnixMicroseconds.Absent ? next : Math.Min(next, policy.VerifyDue);
            if (compiled.ReadsAge)
            {
                bool holds = policy.HoldingSince != UnixMicroseconds.Absent && !policy.Raised;
                long change = compiled.NextChange(StateScope.Over(state, now));
                long held = holds ? policy.HoldingSince + compiled.Definition.For.Microseconds : long.MaxValue;
                bool mayIssue = policy.CommandOwed && CommandBook.HasRoomForPolicies(state, now);
                long owed = mayIssue ? Math.Max(now + 1, CooldownEnd(policy, compiled)) : long.MaxValue;
                next = Math.Min(next, Math.Min(change, Math.Min(held, owed)));
            }
        }

        return next;
    }

    private static long CooldownEnd(in PolicyState policy, CompiledPolicy compiled) =>
        policy.CommandedAt == UnixMicroseconds.Absent
            ? UnixMicroseconds.Absent
            : policy.CommandedAt + compiled.Definition.Cooldown.Microseconds;

    // Hold time runs in the time of what the policy reads: another publisher's clock may be ahead.
    private static long SourceTime(TwinState state, CompiledPolicy policy, long messageTime)
    {
        long newest = UnixMicroseconds.Absent;
        foreach (int slot in policy.Slots)
        {
            newest = Math.Max(newest, state.Slots[slot].SourceTime);
        }

        return newest == UnixMicroseconds.Absent ? messageTime : newest;
    }

    // Old buffered data never causes a command: a policy waits until all that it reads is live again.
    // So does a prediction: its model's readings may be live again, and what it said last is not of them.
    private static bool ReadsHistory(TwinState state, CompiledPolicy policy)
    {
        if ((state.PredictedOfHistory & policy.Models) != 0)
        {
            return true;
        }

        foreach (int slot in policy.Slots)
        {
            if (state.Slots[slot].Historical)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>One policy in one turn.</summary>
    private readonly ref struct PolicyTurn(
        TwinState state,
        CompiledPolicy policy,
        int index,
        ControlMode mode,
        long now,
        long time,
        TurnEffects effects)
    {
        private readonly ref PolicyState _own = ref state.Policies[index];

        private string UnverifiedName => policy.UnverifiedName;

        /// <summary>Judges the condition and moves the alarm.</summary>
        public void Judge()
        {
            StateScope scope = StateScope.Over(state, now);
            switch (policy.Judge(scope))
            {
                case PolicyVerdict.Raise:
                    Hold(scope);
                    break;
                case PolicyVerdict.Clear:
                    StopHolding();
                    Clear(scope);
                    break;
                case PolicyVerdict.Hold:
                    StopHolding();
                    break;
            }
        }

        /// <summary>Sees whether the command had its effect.</summary>
        public void Verify()
        {
            bool isOpen = _own.VerifyDue != UnixMicroseconds.Absent
                || state.FindAlarm(UnverifiedName) is { State: AlarmState.Active };
            if (policy.Expect is null
                || !isOpen
                || policy.Expect.Evaluate(StateScope.Over(state, now)) != Ternary.True)
            {
                return;
            }

            StopVerifying();
            AlarmReason reason = new(policy.Expect.Explain(StateScope.Over(state, now)));
            BuiltInAlarms.Clear(state, UnverifiedName, now, reason, effects);
        }

        /// <summary>Raises the alarm of a command that had no effect in time.</summary>
        public void VerifyIsDue()
        {
            if (_own.VerifyDue == UnixMicroseconds.Absent || now < _own.VerifyDue)
            {
                return;
            }

            PolicyVerification verify = policy.Definition.Verify!;
            string why = $"{verify.Expect.Text} did not come true within {verify.Within}"
                + $" of the command {policy.Definition.Command!.Name}";
            Reasons seen = policy.Expect!.Explain(StateScope.Over(state, now));
            StopVerifying();
            BuiltInAlarms.Raise(state, UnverifiedName, now, new AlarmReason(why, seen.Evidence), effects);
        }

        private void Hold(StateScope scope)
        {
            if (!_own.Raised)
            {
                if (_own.HoldingSince == UnixMicroseconds.Absent)
                {
                    _own.HoldingSince = time;
                    effects.Changed = true;
                }

                if (time - _own.HoldingSince < policy.Definition.For.Microseconds)
                {
                    return;
                }

                Raise(policy.ExplainRaise(scope));
            }

            if (_own.CommandOwed && mode == ControlMode.Act && now >= CooldownEnd(_own, policy))
            {
                Command(policy.ExplainRaise(StateScope.Over(state, now)).Why);
            }
        }

        private void Raise(AlarmReason reason)
        {
            AlarmRecord? alarm = state.FindAlarm(policy.Definition.Name);
            if (alarm is null)
            {
                alarm = new AlarmRecord { Name = policy.Definition.Name };
                state.Alarms.Add(alarm);
            }

            alarm.Raise(policy.Definition.Severity, time, reason);
            effects.AddAlarm(alarm);
            StopHolding();
            _own.Raised = true;
            _own.CommandOwed = policy.Acts;
        }

        private void Clear(StateScope scope)
        {
            if (!_own.Raised)
            {
                return;
            }

            _own.Raised = false;
            _own.CommandOwed = false;
            BuiltInAlarms.RoomAgain(state, now, effects);
            AlarmRecord alarm = state.FindAlarm(policy.Definition.Name)!;
            alarm.Clear(time, policy.ExplainClear(scope));
            effects.AddAlarm(alarm);
        }

        private void Command(string why)
        {
            if (!CommandBook.TryIssue(state, policy, now, why, effects))
            {
                BuiltInAlarms.NoRoom(state, policy.Definition.Command!.Name, policy.Definition.Name, now, effects);
                return;
            }

            _own.CommandOwed = false;
            BuiltInAlarms.RoomAgain(state, now, effects);
            _own.CommandedAt = now;
            if (policy.Expect is not null)
            {
                _own.VerifyDue = now + policy.Definition.Verify!.Within.Microseconds;
            }
        }

        /// <summary>Forgets since when the condition holds.</summary>
        public void StopHolding()
        {
            effects.Changed |= _own.HoldingSince != UnixMicroseconds.Absent;
            _own.HoldingSince = UnixMicroseconds.Absent;
        }

        private void StopVerifying()
        {
            effects.Changed = true;
            _own.VerifyDue = UnixMicroseconds.Absent;
        }
    }
}
