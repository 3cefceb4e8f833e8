namespace TwinGrid.Twins.Control.Expressions;

/// <summary>What an expression reads; filled while it is bound.</summary>
internal sealed class ExpressionReads
{
    /// <summary>Telemetry by slot.</summary>
    public SortedSet<int> TelemetrySlots { get; } = [];

    /// <summary>Models by index.</summary>
    public SortedSet<int> Models { get; } = [];

    /// <summary>True when time alone can change the result.</summary>
    public bool Age { get; set; }

    /// <summary>True when a property is read.</summary>
    public bool Properties { get; set; }
}
