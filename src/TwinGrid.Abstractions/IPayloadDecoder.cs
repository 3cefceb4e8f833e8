namespace TwinGrid;

/// <summary>What a decoder is told beside the payload.</summary>
/// <param name="Twin">Whose readings they are.</param>
/// <param name="Telemetry">The telemetry that the topic names, or null where the payload names them.</param>
/// <param name="Received">When the grid received the message, Unix microseconds.</param>
/// <param name="Definition">What the twin's kind declares, or null for an unmodelled twin.</param>
public readonly record struct PayloadContext(TwinId Twin, string? Telemetry, long Received, TwinDefinition? Definition);

/// <summary>
/// Turns the bytes of one message into readings: step 1 of the walk. Replace or add one to speak a format of your
/// own; it is chosen by <see cref="Format"/> in a kind file's <c>ingest</c> mapping.
/// </summary>
/// <remarks>
/// Called by many threads at once; keep no state. A payload that cannot be used is an answer, not an exception.
/// </remarks>
public interface IPayloadDecoder
{
    /// <summary>The name that a kind file calls it by, such as <c>json</c> or <c>scalar</c>.</summary>
    string Format { get; }

    /// <summary>Writes the payload's readings.</summary>
    /// <param name="payload">The bytes as the device sent them.</param>
    /// <param name="context">Whose they are.</param>
    /// <param name="readings">
    /// Where they go; readings that cannot be used go to <see cref="ReadingWriter.Drop"/>.
    /// </param>
    /// <returns>Null when the payload was understood, else why not, as a sentence.</returns>
    string? Decode(ReadOnlySpan<byte> payload, in PayloadContext context, ReadingWriter readings);
}
