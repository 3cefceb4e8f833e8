namespace TwinGrid.Twins.Control;

/// <summary>How the grid acts, section <c>TwinGrid:Control</c>; obeyed at once when it changes.</summary>
public sealed class ControlOptions
{
    /// <summary>The kill switch: Off (no policies), Advise (alarms, no commands) or Act; default Act.</summary>
    public ControlMode Mode { get; set; } = ControlMode.Act;
}
