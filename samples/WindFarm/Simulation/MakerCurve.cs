namespace WindFarm.Simulation;

/// <summary>
/// The power that the maker of a 2 MW turbine promises for a wind speed: nothing below cut-in, then with the cube of
/// the wind up to rated power, nothing above cut-out.
/// </summary>
internal static class MakerCurve
{
    /// <summary>Rated power, kW.</summary>
    public const double RatedPower = 2000;

    private const double CutIn = 3;
    private const double Rated = 12;
    private const double CutOut = 25;

    /// <summary>The promised power in kW at a wind speed in m/s.</summary>
    public static double PowerAt(double wind) => wind switch
    {
        < CutIn or >= CutOut => 0,
        >= Rated => RatedPower,
        _ => RatedPower * (Cube(wind) - Cube(CutIn)) / (Cube(Rated) - Cube(CutIn)),
    };

    private static double Cube(double x) => x * x * x;
}
