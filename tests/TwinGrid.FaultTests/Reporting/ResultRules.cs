using TwinGrid.FaultTests.Faults;

namespace TwinGrid.FaultTests.Reporting;

/// <summary>When a run shows anything at all: a harness that hardly did anything finds nothing.</summary>
internal static class ResultRules
{
    private const int FewestFaults = 8;
    private const long FewestReadings = 200_000;

    /// <summary>Why a run is no result; null where it is one.</summary>
    /// <param name="acknowledged">Readings that were acknowledged.</param>
    /// <param name="kinds">The kinds that the grid can suffer.</param>
    /// <param name="hits">The faults that hit.</param>
    public static string? Refuse(
        long acknowledged, IReadOnlyList<FaultKind> kinds, ILookup<FaultKind, FaultOutcome> hits)
    {
        int count = hits.Sum(static kind => kind.Count());
        FaultKind[] missing = [.. kinds.Where(kind => !hits.Contains(kind))];
        string[] reasons =
        [
            .. count < FewestFaults ? [$"{count} faults hit, a result needs {FewestFaults}"] : Array.Empty<string>(),
            .. missing.Length > 0 ? [$"no fault of kind {string.Join(", ", missing)} hit"] : Array.Empty<string>(),
            .. acknowledged < FewestReadings
                ? [$"{acknowledged} readings were acknowledged, a result needs {FewestReadings}"]
                : Array.Empty<string>(),
        ];
        return reasons.Length == 0 ? null : string.Join("; ", reasons);
    }
}
