namespace TwinGrid.Twins.Control.Expressions;

/// <summary>
/// What an expression is evaluated over: one twin's live state at one moment. A slot is an index in
/// <see cref="TwinDefinition.Telemetry"/>, a model one in <see cref="TwinDefinition.Models"/>. Every member but
/// <see cref="Telemetry"/> and <see cref="Property"/> is on the hot path and must not allocate.
/// </summary>
/// <remarks>
/// Members give what the state holds, whatever its quality: that a reading of bad quality counts as missing is the
/// expressions' own rule.
/// </remarks>
internal abstract class ExpressionScope
{
    /// <summary>The grid's time, Unix microseconds.</summary>
    public abstract long Now { get; }

    /// <summary>The live value; <see cref="TelemetryType.None"/> where there is none.</summary>
    public abstract ReadingValue Telemetry(int slot);

    /// <summary>The live number, 1 or 0 for a boolean; NaN where there is none.</summary>
    public abstract double Number(int slot);

    /// <summary>
    /// When the last reading was received, Unix microseconds; <see cref="UnixMicroseconds.Absent"/> before the first.
    /// </summary>
    public abstract long ReceivedTime(int slot);

    /// <summary>The quality of the last reading.</summary>
    public abstract Quality Quality(int slot);

    /// <summary>A field of a model's last prediction; NaN where it says nothing.</summary>
    public abstract double Prediction(int model, PredictionField field);

    /// <summary>The inputs behind a model's last prediction; empty where it names none. For reasons only.</summary>
    public virtual IReadOnlyList<Contribution> Contributions(int model) => [];

    /// <summary>
    /// The value at a path of a property document, names joined by dots; <see cref="TelemetryType.None"/> where
    /// nothing stands there, or an object, an array or null.
    /// </summary>
    public abstract ReadingValue Property(bool desired, string path);
}
