using System.Reflection;

namespace TwinGrid.Tests.Simulation;

/// <summary>How much of everything happened: a run in which too little did proves nothing.</summary>
internal sealed class SimulationCounts
{
    public int Messages { get; set; }

    public int Acknowledged { get; set; }

    public int Resends { get; set; }

    public int Duplicates { get; set; }

    public int Late { get; set; }

    public int Commits { get; set; }

    public int Fenced { get; set; }

    public int Snapshots { get; set; }

    public int Activations { get; set; }

    public int Crashes { get; set; }

    public int Zombies { get; set; }

    public int ZombieAttempts { get; set; }

    public int TwoAtOnce { get; set; }

    public int LostWrites { get; set; }

    public int TornTails { get; set; }

    public int ErrorsBeforeCommit { get; set; }

    public int NotKept { get; set; }

    public int ErrorsAfterCommit { get; set; }

    public int OrphanedCommits { get; set; }

    public int LoadErrors { get; set; }

    public int DeviceRestarts { get; set; }

    public int Reads { get; set; }

    public int ReadsNotDurable { get; set; }

    public int Commands { get; set; }

    public int CommandRetries { get; set; }

    public int Executions { get; set; }

    public int ExecutedAndExpired { get; set; }

    public int Expired { get; set; }

    public int NotExecutedLate { get; set; }

    public int Alarms { get; set; }

    public int Deletions { get; set; }

    private static PropertyInfo[] All { get; } = typeof(SimulationCounts).GetProperties();

    /// <summary>Adds what another schedule did.</summary>
    public void Add(SimulationCounts other)
    {
        foreach (PropertyInfo count in All)
        {
            count.SetValue(this, (int)count.GetValue(this)! + (int)count.GetValue(other)!);
        }
    }

    /// <summary>What happened less often than so many times.</summary>
    public IEnumerable<string> RarerThan(int times) =>
        All.Where(count => (int)count.GetValue(this)! < times).Select(count => $"{count.Name}: {count.GetValue(this)}");

    public override string ToString() =>
        string.Join(", ", All.Select(count => $"{count.Name} {count.GetValue(this)}"));
}
