namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// What one unit sent from new (or repaired) until it failed: what <see cref="RemainingLifeTrainer"/> learns from.
/// Immutable by use: nobody changes the arrays.
/// </summary>
/// <param name="Unit">Its name in messages.</param>
/// <param name="Ages">
/// Its age at each row, 0 or more and rising, in the unit in which life is counted (cycles, hours, kilometres). The
/// last row is the last one before it failed: there its remaining life is 0.
/// </param>
/// <param name="Settings">
/// Per row, one value for each operating setting, such as speed or altitude: what the unit was asked to do.
/// </param>
/// <param name="Sensors">Per row, one value for each sensor; NaN where it was silent.</param>
public sealed record LifeHistory(string Unit, double[] Ages, double[][] Settings, double[][] Sensors)
{
    /// <summary>How many rows it has.</summary>
    public int Rows => Ages.Length;

    /// <summary>What was left of its life at a row.</summary>
    public double RemainingAt(int row) => Ages[^1] - Ages[row];
}

/// <summary>Which telemetry of a kind the rows of histories are, and which inputs the model then reads.</summary>
/// <param name="Settings">The operating settings, in the order of <see cref="LifeHistory.Settings"/>.</param>
/// <param name="Sensors">The sensors, in the order of <see cref="LifeHistory.Sensors"/>.</param>
/// <param name="Age">
/// A counter of the life's unit that the device sends (cycles, hours); null to count readings instead.
/// </param>
public sealed record LifeInputs(IReadOnlyList<string> Settings, IReadOnlyList<string> Sensors, string? Age = null);
