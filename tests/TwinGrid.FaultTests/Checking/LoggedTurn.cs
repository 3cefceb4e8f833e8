namespace TwinGrid.FaultTests.Checking;

/// <summary>A row of the log.</summary>
/// <param name="Revision">The twin's revision.</param>
/// <param name="Inputs">Its packed inputs, without the header that stands before them.</param>
internal readonly record struct LoggedTurn(long Revision, ReadOnlyMemory<byte> Inputs);

/// <summary>How a twin stands when all is over, as the API shows it.</summary>
/// <param name="Revision">Its revision.</param>
/// <param name="Number">Its live value.</param>
/// <param name="Count">How many readings changed the live value.</param>
/// <param name="Readings">All readings that came, repetitions too.</param>
/// <param name="Duplicates">Those that were known.</param>
internal sealed record FinalTwin(long Revision, long Number, long Count, long Readings, long Duplicates)
{
    /// <summary>How many readings its history has; null where nobody asked.</summary>
    public long? HistoryCount { get; init; }

    /// <summary>What they add up to.</summary>
    public long? HistorySum { get; init; }
}
