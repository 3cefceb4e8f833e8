namespace TwinGrid.ModelBench.Life;

/// <summary>What a way of maintaining cost over some units: a planned stop costs 1.</summary>
internal readonly record struct MaintenanceCost(double Cost, double Cycles, int Planned, int Unplanned)
{
    public double Per1000Cycles => 1000 * Cost / Cycles;

    public static MaintenanceCost operator +(MaintenanceCost a, MaintenanceCost b) =>
        new(a.Cost + b.Cost, a.Cycles + b.Cycles, a.Planned + b.Planned, a.Unplanned + b.Unplanned);

    /// <summary>A unit that is to stop after a cycle; it fails after the last of its life.</summary>
    public static MaintenanceCost Of(double stop, double life, double unplannedCost) => stop < life
        ? new MaintenanceCost(1, stop, 1, 0)
        : new MaintenanceCost(unplannedCost, life, 0, 1);
}
