using TwinGrid.Twins.Control;

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

    /// <summary>The same as data; replaced with <see cref="Why"/>, never changed.</summary>
    public IReadOnlyList<AlarmEvidence> Evidence { get; set; } = [];

    public string? AcknowledgedBy { get; set; }

    public string? Note { get; set; }

    /// <summary>Raises it anew: nobody has acknowledged this occurrence.</summary>
    public void Raise(AlarmSeverity severity, long since, AlarmReason reason)
    {
        (State, Severity, Since) = (AlarmState.Active, severity, since);
        (Why, Evidence) = reason;
        (Acknowledged, AcknowledgedBy, Note) = (false, null, null);
    }

    public void Clear(long since, AlarmReason reason)
    {
        (State, Since) = (AlarmState.Cleared, since);
        (Why, Evidence) = reason;
    }

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
        Evidence = Evidence.Count == 0 ? null : Evidence,
    };
}
