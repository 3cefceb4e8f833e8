namespace TwinGrid.Models.RemainingLife;

/// <summary>
/// Remaining life from a <see cref="LifeFilter"/>'s state: features, the networks' mean, the interval. Immutable,
/// thread-safe, allocates nothing.
/// </summary>
internal sealed class LifeEstimate(LifeFilter filter, RemainingLifeParameters parameters)
{
    private const int MostFeatures = (LifeFilter.MostMemories * RemainingLifeParameters.MostInputs) + 2;

    /// <summary>What the networks say, before the median of what was true of it is taken.</summary>
    public double Predict(ReadOnlySpan<double> state)
    {
        Span<double> features = stackalloc double[MostFeatures];
        Span<float> standard = stackalloc float[MostFeatures];
        features = features[..filter.Width];
        filter.Describe(state, features);
        for (int i = 0; i < features.Length; i++)
        {
            standard[i] = LifeRows.Standard(
                features[i], parameters.FeatureMeans[i], parameters.FeatureWeights[i]);
        }

        double sum = 0;
        foreach (LifeNetwork network in parameters.Networks)
        {
            sum += LifeRows.Unscale(network.Run(standard[..features.Length]), parameters.Cap);
        }

        return sum / parameters.Networks.Length;
    }

    /// <summary>By how much each sensor, as it is, shortens the life that is predicted.</summary>
    /// <returns>The sensors, those that shorten it most first.</returns>
    public (int Sensor, double Shortens)[] Blame(ReadOnlySpan<double> state)
    {
        double predicted = Predict(state);
        double[] healthy = new double[state.Length];
        var blamed = new (int Sensor, double Shortens)[filter.Sensors];
        for (int sensor = 0; sensor < blamed.Length; sensor++)
        {
            state.CopyTo(healthy);
            filter.Pretend(healthy, sensor, parameters.Healthy[sensor]);
            blamed[sensor] = (sensor, Predict(healthy) - predicted);
        }

        return [.. blamed.OrderByDescending(blame => blame.Shortens)];
    }
}
