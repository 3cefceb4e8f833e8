namespace TwinGrid.Storage.Log;

/// <summary>The words of what verifying finds, the same in every store.</summary>
/// <param name="where">The database, for people.</param>
/// <param name="found">Is told each of them.</param>
internal sealed class FoundDamage(string where, Action<StoreDamage> found)
{
    private const string SessionRemedy =
        "Check the disk. The client of a damaged session is told that it has none and subscribes again.";

    /// <summary>The same words for another file.</summary>
    public FoundDamage At(string other) => new(other, found);

    /// <summary>Turns are gone that nobody erased.</summary>
    public void MissingTurns(TwinId twin, long first, long last) => found(new StoreDamage(
        where,
        twin,
        first,
        first == last ? "the turn is missing" : $"the turns up to revision {last} are missing",
        LogRow.WhatToDo));

    /// <summary>Something of a twin's log is not as it was written.</summary>
    public void OfTwin(TwinId twin, long revision, string problem, string remedy = LogRow.WhatToDo) =>
        found(new StoreDamage(where, twin, revision, problem, remedy));

    /// <summary>Something that belongs to no twin, or to none that can be told.</summary>
    public void OfFile(string problem, string remedy = LogRow.WhatToDo) =>
        found(new StoreDamage(where, null, null, problem, remedy));

    /// <summary>A session cannot be read.</summary>
    public void Session(string client, string fault) =>
        found(new StoreDamage(where, null, null, $"the session of {client} is damaged: {fault}", SessionRemedy));

    /// <summary>Compares a turn's checksum.</summary>
    /// <returns>True where it is intact.</returns>
    public bool Check(TwinTurn turn, long version, uint stored) =>
        Check("turn", turn.Twin, turn.Revision, LogRow.Fault(version, stored, LogRow.Checksum(turn)));

    /// <summary>Compares a snapshot's checksum.</summary>
    /// <param name="what">Its name for people.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="version">The version of its row.</param>
    /// <param name="stored">The checksum of its row.</param>
    public bool Check(string what, StoredSnapshot snapshot, long version, uint stored) =>
        Check(what, snapshot.Twin, snapshot.Revision, LogRow.Fault(version, stored, LogRow.Checksum(snapshot)));

    private bool Check(string what, TwinId twin, long revision, string? fault)
    {
        if (fault is not null)
        {
            OfTwin(twin, revision, $"the {what} is damaged: {fault}");
        }

        return fault is null;
    }
}
