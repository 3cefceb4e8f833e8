namespace TwinGrid;

/// <summary>
/// A read-only look at a twin's live state for a policy of your own. Valid only during the call.
/// </summary>
public abstract class TwinView
{
    /// <summary>Whose state.</summary>
    public abstract TwinId Twin { get; }

    /// <summary>The grid's time of this turn, Unix microseconds.</summary>
    public abstract long Now { get; }

    /// <summary>The live number of a telemetry (1 or 0 for a boolean); NaN where there is none.</summary>
    public abstract double Number(string telemetry);

    /// <summary>The live value of a telemetry; <see cref="TelemetryType.None"/> where there is none.</summary>
    public abstract ReadingValue Value(string telemetry);

    /// <summary>
    /// When a telemetry's live value was measured, Unix microseconds, or <see cref="UnixMicroseconds.Absent"/>.
    /// </summary>
    public abstract long SourceTime(string telemetry);

    /// <summary>What a model says; <see cref="Prediction.None"/> where it says nothing.</summary>
    public abstract Prediction Prediction(string model);
}

/// <summary>What a policy's condition says.</summary>
public enum PolicyVerdict : byte
{
    /// <summary>A value is missing: nothing changes.</summary>
    Unknown = 0,

    /// <summary>Neither raise nor clear: between the two limits of a hysteresis.</summary>
    Hold = 1,

    /// <summary>The condition is true: raise, after the hold time.</summary>
    Raise = 2,

    /// <summary>The condition is over: clear.</summary>
    Clear = 3,
}

/// <summary>
/// The condition of a policy: turns state and predictions into raise or clear. Hold time, alarm states, cooldown,
/// command and verification are the grid's. Step 6 of the walk. One object per kind; deterministic, no I/O,
/// thread-safe.
/// </summary>
public interface IControlPolicy
{
    /// <summary>Judges the twin now.</summary>
    PolicyVerdict Judge(TwinView twin);

    /// <summary>One sentence that says why, for people; asked for when the alarm changes.</summary>
    string Explain(TwinView twin);

    /// <summary>
    /// The same as data: what it read and the bounds; empty, the default, where it says none. Asked for when the alarm
    /// changes, and kept with it: deterministic, as <see cref="Judge"/> is.
    /// </summary>
    IReadOnlyList<AlarmEvidence> Evidence(TwinView twin) => [];
}

/// <summary>Makes policies of a type that kind files name. Register one with <c>AddControlPolicy</c>.</summary>
/// <param name="Type">The name in kind files.</param>
/// <param name="Create">
/// Makes the policy of one kind; throws <see cref="DefinitionException"/> for wrong options.
/// </param>
public sealed record ControlPolicyType(string Type, Func<PolicyDefinition, IControlPolicy> Create);

/// <summary>The grid's kill switch.</summary>
public enum ControlMode : byte
{
    /// <summary>No policy runs.</summary>
    Off = 0,

    /// <summary>Policies raise alarms and send nothing.</summary>
    Advise = 1,

    /// <summary>Policies whose mode is act send their commands; the default.</summary>
    Act = 2,
}
