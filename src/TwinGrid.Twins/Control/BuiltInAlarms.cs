using System.Globalization;
using TwinGrid.Twins.Control.Expressions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Control;

/// <summary>
/// The alarms that every twin has: <c>_clock</c>, <c>_noData</c> and <c>_commands</c>. They send no commands.
/// </summary>
internal static class BuiltInAlarms
{
    public const string ClockName = "_clock";
    public const string NoDataName = "_noData";
    public const string CommandsName = "_commands";

    /// <summary>Raises <c>_clock</c> while some publisher's clock is off by more than the live window.</summary>
    public static void Clock(TwinState state, long now, long liveWindow, TurnEffects effects)
    {
        SourceState? off = state.Sources.Find(source => source.ClockIsOff);
        if ((off is not null) == IsActive(state, ClockName))
        {
            return;
        }

        AlarmEvidence[] evidence = [.. state.Sources
            .Where(source => !double.IsNaN(source.ClockOffset) && (off is null || source == off))
            .Select(source => Offset(source, liveWindow))];
        if (off is null)
        {
            AlarmReason agrees = new("the device's clock agrees with the grid's again", evidence);
            Clear(state, ClockName, now, agrees, effects);
            return;
        }

        string who = off.Name.Length == 0 ? "the device" : $"the publisher {off.Name}";
        string direction = off.ClockOffset > 0 ? "behind" : "ahead of";
        double offset = Math.Abs(off.ClockOffset) / UnixMicroseconds.PerSecond;
        string seconds = offset.ToString("0", CultureInfo.InvariantCulture);
        string why = $"the clock of {who} is {seconds} s {direction} the grid's";
        Raise(state, ClockName, now, new AlarmReason(why, evidence), effects);
    }

    /// <summary>Raises <c>_noData</c> while some telemetry is silent for over twice as long as it should be.</summary>
    public static void NoData(TwinState state, long now, TurnEffects effects)
    {
        if (!state.Kind.ExpectsData)
        {
            return;
        }

        bool isSilent = false;
        for (int slot = 0; slot < state.Kind.Telemetry.Length; slot++)
        {
            isSilent |= SilentFrom(state, slot) <= now;
        }

        if (isSilent != IsActive(state, NoDataName))
        {
            ChangeNoData(state, now, isSilent, effects);
        }
    }

    /// <summary>
    /// When a telemetry that still comes will count as silent; never, for one that counts so already.
    /// </summary>
    public static long NextNoData(TwinState state, long now)
    {
        long next = long.MaxValue;
        if (!state.Kind.ExpectsData)
        {
            return next;
        }

        for (int slot = 0; slot < state.Kind.Telemetry.Length; slot++)
        {
            long from = SilentFrom(state, slot);
            next = from > now ? Math.Min(next, from) : next;
        }

        return next;
    }

    /// <summary>
    /// Raises <c>_commands</c>: a policy owes its command and the twin's policies have too many open ones.
    /// </summary>
    public static void NoRoom(TwinState state, string command, string policy, long now, TurnEffects effects)
    {
        if (!IsActive(state, CommandsName))
        {
            string why = $"the policy {policy} cannot issue {command}: {CommandBook.MostOpen} commands of the twin's "
                + "policies are open; it is issued as soon as one of them ends";
            Raise(state, CommandsName, now, new AlarmReason(why, []), effects);
        }
    }

    /// <summary>Clears <c>_commands</c> once no policy owes a command any more.</summary>
    public static void RoomAgain(TwinState state, long now, TurnEffects effects)
    {
        if (IsActive(state, CommandsName) && !Array.Exists(state.Policies, static policy => policy.CommandOwed))
        {
            Clear(state, CommandsName, now, new AlarmReason("no command of a policy waits for room", []), effects);
        }
    }

    /// <summary>Raises an alarm; one that stands is left alone.</summary>
    public static void Raise(TwinState state, string name, long now, AlarmReason reason, TurnEffects effects)
    {
        if (IsActive(state, name))
        {
            return;
        }

        AlarmRecord? alarm = state.FindAlarm(name);
        if (alarm is null)
        {
            alarm = new AlarmRecord { Name = name };
            state.Alarms.Add(alarm);
        }

        alarm.Raise(AlarmSeverity.Warning, now, reason);
        effects.AddAlarm(alarm);
    }

    /// <summary>Clears an alarm that is active.</summary>
    public static void Clear(TwinState state, string name, long now, AlarmReason reason, TurnEffects effects)
    {
        if (state.FindAlarm(name) is { State: AlarmState.Active } alarm)
        {
            alarm.Clear(now, reason);
            effects.AddAlarm(alarm);
        }
    }

    private static bool IsActive(TwinState state, string name) =>
        state.FindAlarm(name) is { State: AlarmState.Active };

    // A method of its own: only an alarm that changes makes lists and sentences.
    private static void ChangeNoData(TwinState state, long now, bool isSilent, TurnEffects effects)
    {
        int[] slots = [.. Enumerable.Range(0, state.Kind.Telemetry.Length)
            .Where(slot => SilentFrom(state, slot) is var from && from != long.MaxValue && from <= now == isSilent)];
        Operator held = isSilent ? Operator.GreaterOrEqual : Operator.Less;
        AlarmEvidence[] evidence = [.. slots.Take(Reasons.Most).Select(slot => Age(state, slot, now, held))];
        if (!isSilent)
        {
            Clear(state, NoDataName, now, new AlarmReason("every expected telemetry comes again", evidence), effects);
            return;
        }

        string names = string.Join(", ", slots.Select(state.NameOf));
        string why = $"no reading of {names} came for twice as long as it should";
        Raise(state, NoDataName, now, new AlarmReason(why, evidence), effects);
    }

    private static AlarmEvidence Age(TwinState state, int slot, long now, Operator held)
    {
        long most = 2 * state.Kind.Telemetry[slot].ExpectEvery!.Value.Microseconds;
        return new AlarmEvidence
        {
            Input = $"age({state.NameOf(slot)})",
            Seen = Seconds(now - state.Slots[slot].ReceivedTime),
            Unit = "s",
            Operator = held.Word(),
            Threshold = Seconds(most),
        };
    }

    // Smoothed, while each message is judged by its own: so it may lie on the other side of the bound yet.
    private static AlarmEvidence Offset(SourceState source, long liveWindow) => new()
    {
        Input = source.Name.Length == 0 ? "clockOffset" : $"clockOffset of {source.Name}",
        Seen = Seconds(source.ClockOffset),
        Unit = "s",
        Threshold = Seconds(liveWindow),
    };

    private static ReadingValue Seconds(double microseconds) =>
        Reasons.Shown(microseconds / UnixMicroseconds.PerSecond);

    private static long SilentFrom(TwinState state, int slot)
    {
        ref TelemetrySlot live = ref state.Slots[slot];
        return state.Kind.Telemetry[slot].ExpectEvery is { } every && live.ReceivedTime != UnixMicroseconds.Absent
            ? live.ReceivedTime + (2 * every.Microseconds)
            : long.MaxValue;
    }
}
