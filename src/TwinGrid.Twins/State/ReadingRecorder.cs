namespace TwinGrid.Twins.State;

/// <summary>
/// Hears what the fold makes of every reading that it does not reject, where history is made of a log that is folded
/// again. Live turns have none.
/// </summary>
internal abstract class ReadingRecorder
{
    /// <summary>A reading was taken: live, late, historical, or ahead of time.</summary>
    /// <param name="telemetry">The telemetry's name.</param>
    /// <param name="reading">What history keeps of it.</param>
    /// <param name="isNumbered">
    /// True where its device's number tells it from another of the same time and value.
    /// </param>
    public abstract void Record(string telemetry, in HistoryReading reading, bool isNumbered);

    /// <summary>The twin was deleted.</summary>
    public virtual void Deleted()
    {
    }
}
