namespace WindFarm.Simulation;

/// <summary>What a turbine's sensors show at one moment.</summary>
/// <param name="WindSpeed">At the hub, m/s.</param>
/// <param name="Power">kW.</param>
/// <param name="TheoreticalPower">What the maker promises for that wind, kW.</param>
/// <param name="RotorSpeed">Revolutions per minute.</param>
/// <param name="BearingTemperature">Main bearing, °C.</param>
/// <param name="Vibration">Main bearing, mm/s RMS.</param>
internal readonly record struct TurbineReading(
    double WindSpeed,
    double Power,
    double TheoreticalPower,
    double RotorSpeed,
    double BearingTemperature,
    double Vibration);

/// <summary>
/// One turbine's physics: a power curve a little below or above the maker's, and a main bearing that warms with the
/// load and cools to the air. One device steps it; not thread-safe.
/// </summary>
/// <remarks>
/// The bearing goes to air + 34 K · load · (1 + (friction - 1) · load) with a time constant of 25 s: a dry bearing
/// suffers most under full load. A real bearing takes an hour; so a failure and its cure fit into half a minute.
/// </remarks>
internal sealed class Turbine
{
    private const double AirTemperature = 20;
    private const double RiseAtFullLoad = 34;
    private const double BearingSeconds = 25;
    private const double PitchPerSecond = 0.5;

    private readonly Random _random;
    private readonly double _efficiency;
    private double _temperature = AirTemperature + RiseAtFullLoad / 2;
    private double _limit = 1;
    private double _asked = 1;

    public Turbine(int seed)
    {
        _random = new Random(seed);
        _efficiency = 0.90 + 0.08 * _random.NextDouble();
    }

    /// <summary>True while the pitch moves towards an asked limit.</summary>
    public bool IsPitching => Math.Abs(_limit - _asked) > 1e-9;

    /// <summary>Asks for at most this share of rated power, 0 to 1; the pitch needs its time.</summary>
    public void Derate(double share) => _asked = Math.Clamp(share, 0, 1);

    /// <summary>Goes one step ahead.</summary>
    /// <param name="seconds">Length of the step.</param>
    /// <param name="wind">Wind speed at the hub, m/s.</param>
    /// <param name="friction">1 for a sound bearing.</param>
    public TurbineReading Step(double seconds, double wind, double friction)
    {
        double change = PitchPerSecond * seconds;
        _limit += Math.Clamp(_asked - _limit, -change, change);

        double theoretical = MakerCurve.PowerAt(wind);
        double power = Math.Min(theoretical * _efficiency, _limit * MakerCurve.RatedPower);
        double load = power / MakerCurve.RatedPower;
        double target = AirTemperature + RiseAtFullLoad * load * (1 + (friction - 1) * load);
        _temperature += (target - _temperature) * (1 - Math.Exp(-seconds / BearingSeconds));

        return new TurbineReading(
            wind + Noise(0.05),
            Math.Max(0, power + Noise(0.008 * MakerCurve.RatedPower)),
            theoretical,
            power <= 0 ? 0 : 6 + 9 * Math.Min(1, wind / 11),
            _temperature + Noise(0.4),
            1.1 + 0.05 * load * friction * friction + Noise(0.06));
    }

    // A normal deviate by Box and Muller.
    private double Noise(double deviation) =>
        deviation * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(Math.Tau * _random.NextDouble());
}
