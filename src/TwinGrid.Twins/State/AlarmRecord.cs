namespace TwinGrid.Twins.State;

/// <summary>An alarm of one twin, mutable.</summary>
internal sealed class AlarmRecord
{
    public required string Name { get; init; }

    public AlarmState State { get; set; }

    public bool Acknowledged { get; set; }

    public AlarmSeverity Severity { get; set; }

    /// <summary>Since when it is in its state, Unix microseconds.</summary>
    public long Since { get; set; }

    public string Why { get; set; } = "";

    public string? AcknowledgedBy { get; set; }

    public string? Note { get; set; }

    /// <summary>Raises it anew: nobody has acknowledged this occurrence.</summary>
    public void Raise(AlarmSeverity severity, long since, string why)
    {
        (State, Severity, Since, Why) = (AlarmState.Active, severity, since, why);
        (Acknowledged, AcknowledgedBy, Note) = (false, null, null);
    }

    public void Clear(long since, string why) => (State, Since, Why) = (AlarmState.Cleared, since, why);

    public AlarmSnapshot ToSnapshot() => new()
    {
        Name = Name,
        State = State,
        Acknowledged = Acknowledged,
        Severity = Severity,
        Since = UnixMicroseconds.ToDateTimeOffset(Since),
        Why = Why,
        AcknowledgedBy = AcknowledgedBy,
        Note = Note,
    };
}
