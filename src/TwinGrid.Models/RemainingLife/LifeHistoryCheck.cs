namespace TwinGrid.Models.RemainingLife;

/// <summary>Whether histories can be learnt from.</summary>
internal static class LifeHistoryCheck
{
    /// <exception cref="ArgumentException">
    /// They cannot; the message names the history and what was expected.
    /// </exception>
    public static void Check(LifeInputs inputs, IReadOnlyList<LifeHistory> histories)
    {
        if (histories.Count < RemainingLifeTrainer.FewestHistories)
        {
            throw new ArgumentException(
                $"{histories.Count} histories: expected at least {RemainingLifeTrainer.FewestHistories} units that "
                + "ran until they failed.");
        }

        if (inputs.Sensors.Count == 0)
        {
            throw new ArgumentException("No sensors: expected at least one.");
        }

        foreach (LifeHistory history in histories)
        {
            if (Problem(inputs, history) is { } problem)
            {
                throw new ArgumentException($"History of unit {history.Unit}: {problem}");
            }
        }
    }

    private static string? Problem(LifeInputs inputs, LifeHistory history)
    {
        double[] ages = history.Ages;
        if (ages.Length < 2 || history.Settings.Length != ages.Length || history.Sensors.Length != ages.Length)
        {
            return $"{ages.Length} ages, {history.Settings.Length} rows of settings and {history.Sensors.Length} of "
                + "sensors: expected as many of each, at least 2.";
        }

        for (int row = 0; row < ages.Length; row++)
        {
            if (!Magnitude.IsUsable(ages[row]) || ages[row] < 0 || (row > 0 && ages[row] <= ages[row - 1]))
            {
                return $"row {row} has age {ages[row]}: expected ages that rise, from 0 on.";
            }

            if (history.Settings[row].Length != inputs.Settings.Count
                || history.Sensors[row].Length != inputs.Sensors.Count)
            {
                return $"row {row} has {history.Settings[row].Length} settings and {history.Sensors[row].Length} "
                    + $"sensors: expected {inputs.Settings.Count} and {inputs.Sensors.Count}.";
            }
        }

        return null;
    }
}
