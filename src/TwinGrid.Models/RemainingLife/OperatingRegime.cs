namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// One way in which units are run, told by their settings, and what their sensors show in it. A plain value.
/// </summary>
/// <param name="Centre">The mean of each setting.</param>
/// <param name="Means">The mean of each sensor.</param>
/// <param name="Deviations">The standard deviation of each sensor; above 0.</param>
public sealed record OperatingRegime(double[] Centre, double[] Means, double[] Deviations);
