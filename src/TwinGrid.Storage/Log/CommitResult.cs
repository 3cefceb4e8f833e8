namespace TwinGrid.Storage.Log;

/// <summary>What became of one group of turns and snapshots, for the caller and for the metrics.</summary>
/// <param name="Outcomes">One per turn, in order.</param>
/// <param name="Fenced">How many of them are fenced.</param>
/// <param name="Snapshots">How many snapshots were written.</param>
/// <param name="StaleSnapshots">How many were not: older than the stored one, or of a turn that the log lacks.</param>
/// <param name="Bytes">Bytes of the inputs and states that were written.</param>
internal readonly record struct CommitResult(
    CommitOutcome[] Outcomes, int Fenced, int Snapshots, int StaleSnapshots, long Bytes);
