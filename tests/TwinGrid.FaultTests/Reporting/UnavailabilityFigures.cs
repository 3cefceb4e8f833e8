using TwinGrid.FaultTests.Faults;

namespace TwinGrid.FaultTests.Reporting;

/// <summary>Milliseconds that affected twins waited, over all faults of a kind.</summary>
/// <param name="P50">Half of them no longer.</param>
/// <param name="P99">99 % of them no longer.</param>
/// <param name="Max">The longest.</param>
/// <param name="Faults">How many faults.</param>
/// <param name="Twins">How many twins they affected, each counted every time.</param>
internal sealed record UnavailabilityFigures(double P50, double P99, double Max, int Faults, int Twins)
{
    /// <summary>The figures of a kind's faults; null where none affected a twin.</summary>
    /// <param name="faults">The faults.</param>
    /// <param name="time">Which time.</param>
    public static UnavailabilityFigures? Of(
        IReadOnlyCollection<FaultOutcome> faults, Func<ProbeWindow, TimeSpan> time)
    {
        double[] times = [.. faults.SelectMany(static fault => fault.Windows)
            .Select(window => Math.Round(time(window).TotalMilliseconds)).Order()];
        return times.Length == 0
            ? null
            : new UnavailabilityFigures(At(times, 0.5), At(times, 0.99), times[^1], faults.Count, times.Length);
    }

    // The nearest rank: a figure that was measured.
    private static double At(double[] sorted, double part) =>
        sorted[(int)Math.Ceiling(part * sorted.Length) - 1];
}
