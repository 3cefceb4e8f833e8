namespace TwinGrid.Models.RemainingLife;

/// <summary>How <see cref="RemainingLifeTrainer"/> learns. One set does for fleets of other sizes and lives.</summary>
public sealed record RemainingLifeTraining
{
    /// <summary>
    /// Remaining life above this is not told apart, in the unit of age: long before the end nothing shows it. Null,
    /// the default, for 0.6 of the median life.
    /// </summary>
    public double? Cap { get; init; }

    /// <summary>The coverage of the interval, 0.5 to 0.99; default 0.9.</summary>
    public double Confidence { get; init; } = 0.9;

    /// <summary>
    /// Over how much of a median life sensors are averaged, rising; chosen by cross-validation on C-MAPSS'
    /// training units.
    /// </summary>
    public IReadOnlyList<double> Memories { get; init; } = [0.025, 0.1, 0.3];

    /// <summary>
    /// How many networks, each of which leaves out other units, 2 to 20; default 8. More cost time for less noise.
    /// </summary>
    public int Folds { get; init; } = 8;

    /// <summary>How often a network sees each row, 1 to 1,000; default 20.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Of the networks' first weights and of the order of rows; default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <exception cref="ArgumentException">A value is out of its bounds.</exception>
    internal void Check()
    {
        if (Cap is { } cap && !(cap > 0 && Magnitude.IsUsable(cap)))
        {
            throw new ArgumentException($"A cap of {cap}: expected more than 0, or null.");
        }

        if (Confidence is not (>= 0.5 and <= 0.99))
        {
            throw new ArgumentException($"A confidence of {Confidence}: expected 0.5 to 0.99.");
        }

        if (Memories.Count is < 1 or > LifeFilter.MostMemories || Memories.Any(memory => memory is not (> 0 and < 10))
            || Memories.Zip(Memories.Skip(1)).Any(pair => pair.First >= pair.Second))
        {
            throw new ArgumentException(
                $"Memories [{string.Join(", ", Memories)}]: expected 1 to {LifeFilter.MostMemories}, each above 0 and "
                + "below 10, rising.");
        }

        if (Folds is < 2 or > 20 || Epochs is < 1 or > 1000)
        {
            throw new ArgumentException($"{Folds} folds, {Epochs} epochs: expected 2 to 20 and 1 to 1,000.");
        }
    }
}
