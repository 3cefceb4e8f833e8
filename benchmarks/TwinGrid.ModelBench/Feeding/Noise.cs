namespace TwinGrid.ModelBench.Feeding;

/// <summary>Made-up noise, the same for the same seed.</summary>
internal static class Noise
{
    /// <summary>Normal, of mean 0 and deviation 1 (Box and Muller 1958).</summary>
    public static double Gaussian(Random chance) =>
        Math.Sqrt(-2 * Math.Log(1 - chance.NextDouble())) * Math.Cos(2 * Math.PI * chance.NextDouble());
}
