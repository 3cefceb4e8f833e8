namespace TwinGrid;

/// <summary>What a watcher of a twin is told.</summary>
public enum TwinChangeKind : byte
{
    /// <summary>The whole twin; forget what came before.</summary>
    Snapshot = 0,

    /// <summary>One turn: what is different from the revision before.</summary>
    Change = 1,

    /// <summary>Some revisions are not told singly; a snapshot follows.</summary>
    Gap = 2,

    /// <summary>The twin was deleted; nothing follows.</summary>
    Deleted = 3,
}

/// <summary>One thing that a watcher of a twin is told. Immutable, thread-safe.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.TwinChange")]
public sealed record TwinChange
{
    /// <summary>What.</summary>
    [Id(0)]
    public required TwinChangeKind Kind { get; init; }

    /// <summary>
    /// The twin's revision after it: whoever begins anew goes on after this one. Of a <see cref="TwinChangeKind.Gap"/>
    /// the one before it.
    /// </summary>
    [Id(1)]
    public required long Revision { get; init; }

    /// <summary>The first revision that is missed, of a <see cref="TwinChangeKind.Gap"/>; else 0.</summary>
    [Id(2)]
    public long From { get; init; }

    /// <summary>The last revision that is missed, of a <see cref="TwinChangeKind.Gap"/>; else 0.</summary>
    [Id(3)]
    public long To { get; init; }

    /// <summary>
    /// The twin as JSON, of a <see cref="TwinChangeKind.Snapshot"/>; of a <see cref="TwinChangeKind.Change"/> a merge
    /// patch (RFC 7396) that turns the twin at the revision before into the one at this; a member that is null and one
    /// that is absent are the same.
    /// </summary>
    [Id(4)]
    public RawJson Document { get; init; }

    /// <summary>
    /// The twin after it. Set by the client library, and null there after a watch that was resumed, until a snapshot
    /// comes; the grid itself leaves it null.
    /// </summary>
    [Id(5)]
    public TwinSnapshot? Twin { get; init; }
}

/// <summary>A watcher's question to a twin: what changed after the revision that it knows.</summary>
/// <param name="Watcher">Names the watcher over all of its questions; at most 64 characters.</param>
/// <param name="After">The last revision that it knows; null to begin with a snapshot.</param>
/// <param name="Token">What the last answer gave; null at first, and after a call that failed.</param>
/// <param name="Wait">How long to wait for a change, at most 20 s.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.WatchRequest")]
public sealed record WatchRequest(
    [property: Id(0)] string Watcher,
    [property: Id(1)] long? After,
    [property: Id(2)] string? Token,
    [property: Id(3)] TimeSpan Wait);

/// <summary>How a watcher's question ended.</summary>
public enum WatchRefusal : byte
{
    /// <summary>It is answered.</summary>
    None = 0,

    /// <summary>There is no such twin.</summary>
    UnknownTwin = 1,

    /// <summary>As many watch the twin as may (<c>Limits:WatchersPerTwin</c>).</summary>
    TooManyOfTwin = 2,

    /// <summary>As many watch the silo's twins as may (<c>Limits:Watchers</c>).</summary>
    TooMany = 3,
}

/// <summary>The answer to a watcher's question.</summary>
/// <param name="Refusal">Why not, or <see cref="WatchRefusal.None"/>.</param>
/// <param name="Token">For the next question: it names the activation that answered.</param>
/// <param name="Changes">What changed, in the order of the revisions; empty for nothing yet.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.WatchAnswer")]
public sealed record WatchAnswer(
    [property: Id(0)] WatchRefusal Refusal,
    [property: Id(1)] string? Token,
    [property: Id(2)] IReadOnlyList<TwinChange> Changes);
