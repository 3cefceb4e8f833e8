using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>A unit, what was said of it after each cycle, and how many cycles maintenance takes to come.</summary>
internal sealed record WatchedUnit(LifeHistory Unit, double[] Said, int Lead)
{
    public double Life => Unit.Ages[^1];

    /// <summary>
    /// The least that was said of it in time: called below this, maintenance comes after it has failed.
    /// </summary>
    public double LeastInTime => Said.Take(Math.Max(1, Unit.Rows - Lead - 1)).Min();

    /// <summary>The cycle after which it stops if maintenance is called at this remaining life.</summary>
    public double StopAt(double threshold)
    {
        int call = Array.FindIndex(Said, said => said <= threshold);
        return call < 0 ? double.PositiveInfinity : Unit.Ages[call] + Lead;
    }
}
