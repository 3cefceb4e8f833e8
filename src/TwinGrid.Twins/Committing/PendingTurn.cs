namespace TwinGrid.Twins.Committing;

/// <summary>A turn, and perhaps a snapshot, on its way to the store.</summary>
/// <param name="Turn">The turn, or null for a snapshot alone.</param>
/// <param name="Snapshot">The state after it, or null.</param>
/// <param name="Committed">Called on the committer's thread when it is known what became of it; must not block.</param>
internal readonly record struct PendingTurn(TwinTurn? Turn, StoredSnapshot? Snapshot, Action<TurnFate> Committed);

/// <summary>What became of a turn.</summary>
internal enum TurnFate : byte
{
    /// <summary>It is durable: acknowledge, publish, show.</summary>
    Committed,

    /// <summary>Another activation has that revision: this one goes.</summary>
    Fenced,

    /// <summary>The store kept nothing of it: the twin is read again, its messages come again in their place.</summary>
    NotKept,

    /// <summary>The store did not answer; the outcome is unknown and the twin must be read again.</summary>
    Unknown,
}
