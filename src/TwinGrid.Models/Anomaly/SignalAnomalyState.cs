namespace TwinGrid.Models.Anomaly;

/// <summary>Which view of a reading found it odd.</summary>
internal enum Oddity : byte
{
    /// <summary>Its distance from what is usual at that hour.</summary>
    Level = 0,

    /// <summary>The same distance, averaged over the last ten or so.</summary>
    Run = 1,

    /// <summary>Its distance from the reading before.</summary>
    Step = 2,

    /// <summary>It lies outside all that has been seen.</summary>
    Range = 3,
}

/// <summary>What <see cref="SignalAnomaly"/> knows of a twin: 110 doubles.</summary>
internal struct SignalAnomalyState
{
    public DayProfile Day;
    public EventMemory Events;
    public EventMemory JointEvents;
    public SeenRange Range;
    public Pace Pace;
    public Surprise Level;
    public Surprise Run;
    public Surprise Step;
    public double Readings;
    public double Latest;
    public double Earlier;

    /// <summary>The least change between two readings that differ: the step of a coarse sensor.</summary>
    public double Quantum;

    /// <summary>Mean, where the profile does not know the hour yet.</summary>
    public double Mean;

    /// <summary>Mean absolute residual of all hours: the measure of each hour's.</summary>
    public double Spread;

    /// <summary>How far a level that stayed lies from the profile.</summary>
    public double Shift;

    /// <summary>Exponential mean of the residuals.</summary>
    public double Short;

    /// <summary>Readings in a row far above (positive) or below (negative) what was expected.</summary>
    public double Surprises;

    /// <summary>The mean residual of the last of those.</summary>
    public double SurpriseMean;

    /// <summary>An <see cref="Oddity"/>: the one that set the last score.</summary>
    public double Oddest;

    /// <summary>The power of ten of the rarest that was told of the last event.</summary>
    public double Told;

    /// <summary>After how many readings that was.</summary>
    public double ToldAt;
}
