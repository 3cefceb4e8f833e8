using TwinGrid.FaultTests.Faults;

namespace TwinGrid.FaultTests.Reporting;

/// <summary>For how long affected twins took no reading, milliseconds, over all faults of a kind.</summary>
/// <param name="P50">Half of them no longer.</param>
/// <param name="P99">99 % of them no longer.</param>
/// <param name="Max">The longest.</param>
/// <param name="Faults">How many faults.</param>
/// <param name="Twins">How many twins they affected, each counted every time.</param>
internal sealed record UnavailabilityFigures(double P50, double P99, double Max, int Faults, int Twins)
{
    /// <summary>The figures of a kind's faults; null where none affected a twin.</summary>
    public static UnavailabilityFigures? Of(IReadOnlyCollection<FaultOutcome> faults)
    {
        double[] windows = [.. faults.SelectMany(static fault => fault.Windows)
            .Select(static window => Math.Round(window.TotalMilliseconds)).Order()];
        return windows.Length == 0
            ? null
            : new UnavailabilityFigures(
                At(windows, 0.5), At(windows, 0.99), windows[^1], faults.Count, windows.Length);
    }

    // The nearest rank: a figure that was measured.
    private static double At(double[] sorted, double part) =>
        sorted[(int)Math.Ceiling(part * sorted.Length) - 1];
}
