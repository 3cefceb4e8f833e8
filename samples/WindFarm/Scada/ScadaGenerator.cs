using WindFarm.Simulation;

namespace WindFarm.Scada;

/// <summary>
/// Makes rows in the format of a SCADA log: none of them was measured. Wind is a sum of the sun's day, a passing
/// weather and gusts; power is the simulated turbine's. The same seed gives the same rows on every machine.
/// </summary>
internal static class ScadaGenerator
{
    private static readonly DateTime First = new(2024, 3, 1, 0, 0, 0, DateTimeKind.Unspecified);
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(10);

    /// <summary>Makes rows.</summary>
    /// <param name="count">How many; a day has 144.</param>
    /// <param name="seed">Chance.</param>
    public static IEnumerable<ScadaRow> Rows(int count, int seed)
    {
        Random random = new(seed);
        Turbine turbine = new(seed);
        double gust = 0;
        for (int i = 0; i < count; i++)
        {
            double day = Math.Tau * i / 144;
            gust = 0.9 * gust + 1.2 * (random.NextDouble() - 0.5);
            double wind = Math.Max(0, 8 + 3 * Math.Sin(day / 2.7) + 1.2 * Math.Sin(day) + gust);
            TurbineReading reading = turbine.Step(Step.TotalSeconds, wind, friction: 1);
            double direction = (220 + 60 * Math.Sin(day / 3.1) + 10 * gust + 360) % 360;
            yield return new ScadaRow(
                First + i * Step, reading.Power, Math.Max(0, reading.WindSpeed), reading.TheoreticalPower, direction);
        }
    }
}
