namespace WindFarm.Simulation;

/// <summary>
/// The wind over the farm as a pure function of time and place: slow waves that pass over the farm row by row, and
/// gusts of each place's own. A sum of sines, so that a device can ask for any moment, also before the start.
/// </summary>
internal sealed class WindField
{
    private const int TurbinesPerRow = 8;

    // The moment of the strongest wind, seconds: the bearing of the story heats under load.
    private const double Crest = 15;

    private readonly double _seedPhase;

    public WindField(int seed) => _seedPhase = new Random(seed).NextDouble() * Math.Tau;

    /// <summary>Wind speed in m/s.</summary>
    /// <param name="seconds">Since the start of the simulation; negative before it.</param>
    /// <param name="place">The turbine's number; turbines stand in rows of eight.</param>
    public double SpeedAt(double seconds, int place)
    {
        int row = place / TurbinesPerRow;
        int column = place % TurbinesPerRow;
        double passing = seconds - Crest - 3 * row;
        double farm = 9.8 + 1.3 * Wave(passing, 240, 0) + 0.25 * Wave(passing, 67, 0);
        double own = 0.25 * Wave(seconds, 29 + place % 7, _seedPhase + place)
            + 0.15 * Wave(seconds, 11 + place % 5, 2 * _seedPhase + 3 * place);

        // Each row stands in the wake of those before it.
        return farm * (1 - 0.025 * row) + own + 0.05 * column;
    }

    /// <summary>Wind direction in degrees, clockwise from north.</summary>
    public double DirectionAt(double seconds, int place) =>
        (245 + 12 * Wave(seconds, 400, _seedPhase) + 3 * Wave(seconds, 17 + place % 3, place) + 360) % 360;

    private static double Wave(double seconds, double period, double phase) =>
        Math.Cos(Math.Tau * seconds / period + phase);
}
