namespace TwinGrid.Twins.Control;

/// <summary>What a twin knows of one of its policies; times in Unix microseconds, absent where not running.</summary>
internal struct PolicyState
{
    public PolicyState()
    {
        HoldingSince = UnixMicroseconds.Absent;
        CommandedAt = UnixMicroseconds.Absent;
        VerifyDue = UnixMicroseconds.Absent;
    }

    /// <summary>Since when the condition holds without its alarm being raised yet.</summary>
    public long HoldingSince;

    /// <summary>True while its alarm is active.</summary>
    public bool Raised;

    /// <summary>True when its command is owed: raised, but cooldown or the kill switch held it back.</summary>
    public bool CommandOwed;

    /// <summary>When its last command was issued, grid time.</summary>
    public long CommandedAt;

    /// <summary>Until when the verification must come true, grid time.</summary>
    public long VerifyDue;
}
