using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace TwinGrid;

/// <summary>
/// The one meter and the one activity source of the grid, both named <c>TwinGrid</c>. Each feature makes its own
/// instruments from them, beside its code. One span per batch, never per reading; no twin ids in labels.
/// </summary>
public static class TwinGridDiagnostics
{
    /// <summary>The name of both.</summary>
    public const string Name = "TwinGrid";

    /// <summary>The meter.</summary>
    public static Meter Meter { get; } = new(Name);

    /// <summary>The activity source.</summary>
    public static ActivitySource ActivitySource { get; } = new(Name);
}
