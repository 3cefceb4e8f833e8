using System.Globalization;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Control;

/// <summary>The alarms that every twin has: <c>_clock</c> and <c>_noData</c>. They send no commands.</summary>
internal static class BuiltInAlarms
{
    public const string ClockName = "_clock";
    public const string NoDataName = "_noData";

    /// <summary>Raises <c>_clock</c> while some publisher's clock is off by more than the live window.</summary>
    public static void Clock(TwinState state, long now, TurnEffects effects)
    {
        SourceState? off = state.Sources.Find(source => source.ClockIsOff);
        if (off is null)
        {
            Clear(state, ClockName, now, "the device's clock agrees with the grid's again", effects);
            return;
        }

        string who = off.Name.Length == 0 ? "the device" : $"the publisher {off.Name}";
        string direction = off.ClockOffset > 0 ? "behind" : "ahead of";
        double offset = Math.Abs(off.ClockOffset) / UnixMicroseconds.PerSecond;
        string seconds = offset.ToString("0", CultureInfo.InvariantCulture);
        Raise(state, ClockName, now, $"the clock of {who} is {seconds} s {direction} the grid's", effects);
    }

    /// <summary>Raises <c>_noData</c> while some telemetry is silent for over twice as long as it should be.</summary>
    public static void NoData(TwinState state, long now, TurnEffects effects)
    {
        if (!state.Kind.ExpectsData)
        {
            return;
        }

        List<string>? silent = null;
        for (int slot = 0; slot < state.Kind.Telemetry.Length; slot++)
        {
            if (SilentFrom(state, slot) <= now)
            {
                (silent ??= []).Add(state.NameOf(slot));
            }
        }

        if (silent is null)
        {
            Clear(state, NoDataName, now, "every expected telemetry comes again", effects);
        }
        else
        {
            string names = string.Join(", ", silent);
            Raise(state, NoDataName, now, $"no reading of {names} came for twice as long as it should", effects);
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

    /// <summary>Raises or changes an alarm; an alarm that stands with the same reason is left alone.</summary>
    public static void Raise(TwinState state, string name, long now, string why, TurnEffects effects)
    {
        AlarmRecord? alarm = state.FindAlarm(name);
        if (alarm is { State: AlarmState.Active })
        {
            return;
        }

        if (alarm is null)
        {
            alarm = new AlarmRecord { Name = name };
            state.Alarms.Add(alarm);
        }

        alarm.Raise(AlarmSeverity.Warning, now, why);
        effects.AddAlarm(alarm);
    }

    /// <summary>Clears an alarm that is active.</summary>
    public static void Clear(TwinState state, string name, long now, string why, TurnEffects effects)
    {
        if (state.FindAlarm(name) is { State: AlarmState.Active } alarm)
        {
            alarm.Clear(now, why);
            effects.AddAlarm(alarm);
        }
    }

    private static long SilentFrom(TwinState state, int slot)
    {
        ref TelemetrySlot live = ref state.Slots[slot];
        return state.Kind.Telemetry[slot].ExpectEvery is { } every && live.ReceivedTime != UnixMicroseconds.Absent
            ? live.ReceivedTime + (2 * every.Microseconds)
            : long.MaxValue;
    }
}
