namespace TwinGrid;

/// <summary>What became of inputs as a whole.</summary>
public enum IngestStatus : byte
{
    /// <summary>Applied and, with <c>Mqtt:Acknowledge=Durable</c>, committed.</summary>
    Accepted = 0,

    /// <summary>No such twin, and <c>Ingest:NewTwins</c> makes none of such readings.</summary>
    UnknownTwin = 1,

    /// <summary>
    /// Too many new twins in this minute (<c>Limits:NewTwinsPerMinute</c>) or at all (<c>Limits:Twins</c>).
    /// </summary>
    TooManyTwins = 2,

    /// <summary>Not now: the silo stops or the store does not answer. Send it again.</summary>
    Unavailable = 3,

    /// <summary>The twin's own code failed on them: a model or policy that throws. Nothing of them was kept.</summary>
    Failed = 4,

    /// <summary>
    /// What is stored of the twin is damaged (<see cref="TwinDamagedException"/>). Sent again they fare no better.
    /// </summary>
    Damaged = 5,
}

/// <summary>The answer to inputs.</summary>
/// <param name="Status">What became of them.</param>
/// <param name="Revision">The twin's revision after them.</param>
/// <param name="Applied">How many readings became live values.</param>
/// <param name="Seen">How many were late or seen before: kept or ignored, but nothing is wrong with them.</param>
/// <param name="Dropped">The readings that could not be used, or null for none.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.IngestResult")]
public readonly record struct IngestResult(
    [property: Id(0)] IngestStatus Status,
    [property: Id(1)] long Revision = 0,
    [property: Id(2)] int Applied = 0,
    [property: Id(3)] int Seen = 0,
    [property: Id(4)] IReadOnlyList<DroppedReading>? Dropped = null);

/// <summary>
/// The road to the twins: a gateway or the API hands over packed inputs, and learns when they are committed. Step 3
/// of the walk. Internal to the grid, public because two projects meet here; thread-safe.
/// </summary>
public interface ITwinIngest
{
    /// <summary>
    /// Brings inputs to a twin, in the order of the calls for that twin; never blocks. How many are under way is the
    /// sender's to bound.
    /// </summary>
    /// <param name="message">The inputs; its <see cref="IngestMessage.Finished"/> is called exactly once.</param>
    void Send(IngestMessage message);
}

/// <summary>The road to the twins for those who wait for one message at a time.</summary>
public static class TwinIngestExtensions
{
    /// <summary>Brings inputs to a twin and ends when it is known what became of them.</summary>
    /// <param name="ingest">The road.</param>
    /// <param name="twin">Whose they are.</param>
    /// <param name="inputs">Packed inputs; must stay untouched until the answer.</param>
    /// <param name="cancellationToken">Gives up waiting; the inputs may still be applied.</param>
    public static Task<IngestResult> IngestAsync(
        this ITwinIngest ingest,
        TwinId twin,
        ReadOnlyMemory<byte> inputs,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ingest);
        AwaitedMessage message = new(new TwinAddress(twin), inputs);
        ingest.Send(message);
        return message.Result.WaitAsync(cancellationToken);
    }
}
