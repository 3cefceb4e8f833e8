namespace TwinGrid.Twins.Ingest;

/// <summary>
/// The messages for twins that are not ready here: while the first are on their way, by a lane or as a grain call, the
/// others wait behind them, so that none overtakes another. Twins are dealt over 64 locks. Thread-safe.
/// </summary>
internal sealed class OpeningTwins
{
    private const int Doors = 64;

    private readonly Door[] _doors = [.. Enumerable.Range(0, Doors).Select(_ => new Door())];

    /// <summary>The door of a twin: whoever holds its lock decides on the twin's messages.</summary>
    public Door Of(TwinId twin) => _doors[(uint)twin.GetHashCode() % Doors];

    /// <summary>Some twins' openings under one lock. Nothing may be finished while it is held.</summary>
    internal sealed class Door
    {
        public Lock Lock { get; } = new();

        /// <summary>The passages that somebody brings on, by twin.</summary>
        public Dictionary<TwinId, Passage> Passages { get; } = [];
    }
}
