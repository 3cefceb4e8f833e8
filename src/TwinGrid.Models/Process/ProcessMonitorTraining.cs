namespace TwinGrid.Models.Process;

/// <summary>
/// How <see cref="ProcessMonitorTrainer"/> learns. One set does for processes of other sizes and paces: the defaults
/// were chosen on the Tennessee Eastman process, the SKAB pump loop and the BATADAL water network together.
/// </summary>
public sealed record ProcessMonitorTraining
{
    /// <summary>
    /// How much of each row goes into each running mean, 1 for the row itself, falling; default 1, 0.3 and 0.1. The
    /// longer ones find small shifts that last.
    /// </summary>
    public IReadOnlyList<double> Gains { get; init; } = [1, 0.3, 0.1];

    /// <summary>Of normal rows, the part that is beyond the limits, 0.0001 to 0.2; default 0.01.</summary>
    public double FalseAlarms { get; init; } = 0.01;

    /// <summary>What the limits are multiplied by, 0.5 to 10; default 1.1: normal to come differs a little.</summary>
    public double Margin { get; init; } = 1.1;

    /// <summary>
    /// How much drift is forgiven, 0 to 10,000; default 100: where the means of fifths of the rows differ, in that
    /// direction normal is as much wider.
    /// </summary>
    public double Drift { get; init; } = 100;

    /// <summary>
    /// Into how many stretches the rows are cut to find limits on rows that were not learnt, 2 to 20; default 5.
    /// </summary>
    public int Folds { get; init; } = 5;

    /// <exception cref="ArgumentException">A value is out of its bounds.</exception>
    internal void Check()
    {
        if (Gains.Count is < 1 or > ProcessMonitorParameters.MostGains || Gains.Any(gain => gain is not (> 0 and <= 1)))
        {
            throw new ArgumentException(
                $"Gains [{string.Join(", ", Gains)}]: expected 1 to {ProcessMonitorParameters.MostGains}, each above 0 "
                + "and at most 1.");
        }

        (string Name, double Value, double Least, double Greatest)[] bounds =
        [
            (nameof(FalseAlarms), FalseAlarms, 0.0001, 0.2),
            (nameof(Margin), Margin, 0.5, 10),
            (nameof(Drift), Drift, 0, 10_000),
            (nameof(Folds), Folds, 2, 20),
        ];
        foreach ((string name, double value, double least, double greatest) in bounds)
        {
            if (!(value >= least && value <= greatest))
            {
                throw new ArgumentException($"{name} of {value}: expected {least} to {greatest}.");
            }
        }
    }
}
