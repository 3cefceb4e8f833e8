namespace TwinGrid.Tests.Models;

/// <summary>Seeded noise of known distributions.</summary>
internal sealed class Noise(int seed)
{
    private readonly Random _random = new(seed);

    public double Uniform() => _random.NextDouble();

    /// <summary>Standard normal, by Box and Muller.</summary>
    public double Gaussian() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    /// <summary>Student's t: with 3 degrees of freedom its variance is 3 and its fourth moment infinite.</summary>
    public double Student(int freedom)
    {
        double squares = 0;
        for (int i = 0; i < freedom; i++)
        {
            double part = Gaussian();
            squares += part * part;
        }

        return Gaussian() / Math.Sqrt(squares / freedom);
    }
}
