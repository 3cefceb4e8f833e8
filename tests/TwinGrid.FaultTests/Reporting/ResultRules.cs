using TwinGrid.FaultTests.Faults;

namespace TwinGrid.FaultTests.Reporting;

/// <summary>How much was done in a run, of what its promises are about.</summary>
/// <param name="Readings">Readings that were acknowledged.</param>
/// <param name="DurableReads">Reads that were answered and promise something.</param>
/// <param name="Executed">Commands that devices did.</param>
/// <param name="CalledBack">Commands that ended as called back.</param>
/// <param name="Expired">Commands that ended as expired.</param>
/// <param name="ZombieAttempts">Fenced lives in whose name a commit was tried.</param>
internal readonly record struct RunAmounts(
    long Readings, long DurableReads, long Executed, long CalledBack, long Expired, long ZombieAttempts);

/// <summary>When a run shows anything at all: a harness that hardly did anything finds nothing.</summary>
internal static class ResultRules
{
    private const int FewestFaults = 8;

    // The least that counts; a run of two minutes on two cores does twice as much of each and more.
    private static readonly RunAmounts Fewest = new(
        Readings: 200_000, DurableReads: 1_500, Executed: 100, CalledBack: 3, Expired: 3, ZombieAttempts: 1);

    /// <summary>Why a run is no result; null where it is one.</summary>
    /// <param name="done">What was done.</param>
    /// <param name="kinds">The kinds that the grid can suffer.</param>
    /// <param name="hits">The kind of each fault that hit.</param>
    public static string? Refuse(RunAmounts done, IReadOnlyList<FaultKind> kinds, IReadOnlyCollection<FaultKind> hits)
    {
        FaultKind[] missing = [.. kinds.Except(hits)];
        List<string> reasons = [];
        Require(reasons, hits.Count, FewestFaults, "faults hit");
        if (missing.Length > 0)
        {
            reasons.Add($"no fault of kind {string.Join(", ", missing)} hit");
        }

        Require(reasons, done.Readings, Fewest.Readings, "readings were acknowledged");
        Require(reasons, done.DurableReads, Fewest.DurableReads, "reads were answered as durable");
        Require(reasons, done.Executed, Fewest.Executed, "commands were done");
        Require(reasons, done.CalledBack, Fewest.CalledBack, "commands were called back");
        Require(reasons, done.Expired, Fewest.Expired, "commands expired");
        Require(reasons, done.ZombieAttempts, Fewest.ZombieAttempts, "commits were tried for fenced lives");
        return reasons.Count == 0 ? null : string.Join("; ", reasons);
    }

    private static void Require(List<string> reasons, long done, long fewest, string what)
    {
        if (done < fewest)
        {
            reasons.Add($"{done} {what}, a result needs {fewest}");
        }
    }
}
