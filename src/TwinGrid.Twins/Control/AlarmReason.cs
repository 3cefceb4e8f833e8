using TwinGrid.Twins.Control.Expressions;

namespace TwinGrid.Twins.Control;

/// <summary>Why an alarm came into its state, for people and as data.</summary>
/// <param name="Why">One sentence.</param>
/// <param name="Evidence">What was read; not changed any more.</param>
internal readonly record struct AlarmReason(string Why, IReadOnlyList<AlarmEvidence> Evidence)
{
    /// <summary>What a condition gives.</summary>
    public AlarmReason(Reasons reasons)
        : this(reasons.Sentence, reasons.Evidence)
    {
    }
}
