namespace TwinGrid;

/// <summary>
/// What the dead-letter log says of a message of which something was used: a line for each reading that was not, up to
/// a bound, so that one message cannot push out all others. Internal to the grid. Pure.
/// </summary>
public static class DroppedLines
{
    /// <summary>The most readings of one message that have a line: as many as a batch may have messages.</summary>
    public const int MostListed = 1_000;

    /// <summary>How many lines are made before they are written.</summary>
    public const int AtOnce = 250;

    /// <summary>The reason of the last line where there are more: it says how many.</summary>
    public const string MoreReason = "more-readings";

    /// <summary>The lines, made as they are asked for; all share one sample.</summary>
    /// <param name="message">What holds for all of them; its reason and detail are not read.</param>
    /// <param name="dropped">What was not used.</param>
    /// <param name="word">An outcome as the word of a dead letter.</param>
    public static IEnumerable<DeadLetter> Of(
        DeadLetter message, IReadOnlyList<DroppedReading> dropped, Func<ReadingOutcome, string> word)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(dropped);
        ArgumentNullException.ThrowIfNull(word);
        IEnumerable<DeadLetter> lines = dropped.Take(MostListed).Select(reading => message with
        {
            Reason = word(reading.Outcome),
            Detail = $"{reading.Telemetry}: {reading.Detail}",
        });
        return dropped.Count <= MostListed ? lines : lines.Append(message with
        {
            Reason = MoreReason,
            Detail = $"and {dropped.Count - MostListed} more readings of this message",
        });
    }

    /// <summary>Those that have no line of their own.</summary>
    public static IEnumerable<DroppedReading> Unlisted(IReadOnlyList<DroppedReading> dropped) =>
        dropped.Skip(MostListed);
}
