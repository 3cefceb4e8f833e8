namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// Learns <see cref="RemainingLifeParameters"/> from units that ran until they failed. Offline, on one thread,
/// without a clock; the same histories in the same order give the same parameters on the same processor architecture.
/// </summary>
/// <remarks>
/// <para>Steps: find the operating regimes (<see cref="RegimeMap"/>); the mean and the spread of each sensor in each;
/// leave out sensors that stand still or do not follow remaining life (correlation below
/// <see cref="LeastCorrelation"/>); run <see cref="LifeFilter"/> over every history; train one network per fold, which
/// leaves out that fold's units; from predictions of the units left out learn the interval
/// (<see cref="LifeIntervalFit"/>). The target is min(remaining, cap), piecewise linear as in Heimes (PHM 2008).</para>
/// <para>It takes 6 s of one core for 42,000 rows of 21 sensors, and memory of some hundred bytes per row and
/// sensor.</para>
/// </remarks>
public static class RemainingLifeTrainer
{
    /// <summary>Fewer histories say nothing of the spread of lives.</summary>
    public const int FewestHistories = 10;

    /// <summary>A sensor whose correlation with remaining life is smaller is left out.</summary>
    public const double LeastCorrelation = 0.05;

    private const int FirstWidth = 24;
    private const int SecondWidth = 8;

    /// <summary>Trains.</summary>
    /// <param name="inputs">What the columns of the histories are called in the kind.</param>
    /// <param name="histories">Units that ran until they failed; at least <see cref="FewestHistories"/>.</param>
    /// <param name="training">How to learn; null for the defaults.</param>
    /// <exception cref="ArgumentException">The histories or the options cannot be learnt from; it says why.</exception>
    public static RemainingLifeParameters Train(
        LifeInputs inputs, IReadOnlyList<LifeHistory> histories, RemainingLifeTraining? training = null) =>
        TrainAndShow(inputs, histories, training).Parameters;

    /// <summary>
    /// Trains, and gives with it what was predicted of every row by the network that had not seen its unit: by that a
    /// threshold can be chosen that will do for units to come.
    /// </summary>
    /// <param name="inputs">What the columns of the histories are called in the kind.</param>
    /// <param name="histories">Units that ran until they failed; at least <see cref="FewestHistories"/>.</param>
    /// <param name="training">How to learn; null for the defaults.</param>
    /// <returns>The parameters, and per history and row the median of the life that was left.</returns>
    /// <exception cref="ArgumentException">The histories or the options cannot be learnt from; it says why.</exception>
    public static (RemainingLifeParameters Parameters, double[][] HeldOut) TrainAndShow(
        LifeInputs inputs, IReadOnlyList<LifeHistory> histories, RemainingLifeTraining? training = null)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(histories);
        training ??= new RemainingLifeTraining();
        training.Check();
        LifeHistoryCheck.Check(inputs, histories);

        FleetShape shape = FleetShape.Learn(inputs, histories, training);
        LifeRows rows = LifeRows.Make(histories, shape.Filter, shape.Read, shape.Cap);
        LifeNetwork[] networks = new LifeNetwork[training.Folds];
        double[][] heldOut = new double[histories.Count][];
        int[] folds = FoldsByLife(histories, training.Folds);
        for (int fold = 0; fold < networks.Length; fold++)
        {
            int[] use = [.. Enumerable.Range(0, histories.Count)
                .Where(unit => folds[unit] != fold)
                .SelectMany(unit => Enumerable.Range(rows.Starts[unit], histories[unit].Rows))];
            networks[fold] = LifeNetworkTrainer.Train(
                rows, use, FirstWidth, SecondWidth, training.Epochs, training.Seed + fold);
            for (int unit = 0; unit < histories.Count; unit++)
            {
                if (folds[unit] == fold)
                {
                    heldOut[unit] = Predict(networks[fold], rows, rows.Starts[unit], histories[unit].Rows, shape.Cap);
                }
            }
        }

        LifeInterval interval = FitInterval(histories, heldOut, shape.Cap, training.Confidence);
        RemainingLifeParameters learnt = shape.Describe(histories, rows, networks, training.Confidence, interval);
        return (learnt, Array.ConvertAll(heldOut, unit => Array.ConvertAll(unit, said => interval.At(said).Median)));
    }

    /// <summary>Units of like lives go to different folds, so that each fold has short and long ones.</summary>
    private static int[] FoldsByLife(IReadOnlyList<LifeHistory> histories, int folds)
    {
        int[] order = [.. Enumerable.Range(0, histories.Count).OrderBy(unit => histories[unit].Ages[^1])];
        int[] fold = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            fold[order[i]] = i % folds;
        }

        return fold;
    }

    private static double[] Predict(LifeNetwork network, LifeRows rows, int start, int count, double cap)
    {
        double[] predicted = new double[count];
        for (int i = 0; i < count; i++)
        {
            predicted[i] = LifeRows.Unscale(network.Run(rows.Features(start + i)), cap);
        }

        return predicted;
    }

    // Every unit counts the same, however long it lived.
    private static LifeInterval FitInterval(
        IReadOnlyList<LifeHistory> histories, double[][] heldOut, double cap, double confidence)
    {
        LifeIntervalFit fit = new(cap);
        for (int unit = 0; unit < histories.Count; unit++)
        {
            for (int row = 0; row < heldOut[unit].Length; row++)
            {
                fit.Add(heldOut[unit][row], histories[unit].RemainingAt(row), 1.0 / heldOut[unit].Length);
            }
        }

        return fit.Fit(confidence);
    }
}
