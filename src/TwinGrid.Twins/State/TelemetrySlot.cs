namespace TwinGrid.Twins.State;

/// <summary>
/// The live value of one telemetry of one twin. The live value is the greatest of all readings by (source time,
/// sequence number, value), so that any order and repetition of the same readings ends in the same value.
/// </summary>
internal struct TelemetrySlot
{
    public TelemetrySlot()
    {
        SourceTime = UnixMicroseconds.Absent;
        ReceivedTime = UnixMicroseconds.Absent;
        BadSince = UnixMicroseconds.Absent;
        Seq = -1;
    }

    /// <summary>The live value; none before the first reading.</summary>
    public ReadingValue Value;

    /// <summary>When it was measured.</summary>
    public long SourceTime;

    /// <summary>When the grid received it.</summary>
    public long ReceivedTime;

    /// <summary>
    /// The source time of the newest word that there is no value; it rules while it is newer than the value.
    /// </summary>
    public long BadSince;

    /// <summary>The number of the message that it came with, or -1.</summary>
    public long Seq;

    /// <summary>How many readings changed it.</summary>
    public long Count;

    /// <summary>The device's word on the value.</summary>
    public Quality GivenQuality;

    /// <summary>True when the value was history on arrival: policies do not act on it.</summary>
    public bool Historical;

    /// <summary>The unit of an undeclared telemetry, as its first reading gave it.</summary>
    public string? Unit;

    /// <summary>Identities of readings that came with a time and without a number; made when first needed.</summary>
    public RecentReadings? Recent;

    /// <summary>How far to trust it now.</summary>
    public readonly Quality Quality => BadSince > SourceTime ? Quality.Bad : GivenQuality;

    /// <summary>
    /// True when a reading orders after the live value: later in time, else in number, else in value.
    /// </summary>
    public readonly bool IsNewer(long time, long seq, in ReadingValue value)
    {
        if (time != SourceTime)
        {
            return time > SourceTime;
        }

        return seq != Seq ? seq > Seq : ValueOrder.Compare(value, Value) > 0;
    }
}
