namespace TwinGrid.FaultTests.Checking;

/// <summary>What the checker found; all zeros is what is promised. Not thread-safe.</summary>
internal sealed class Verdict
{
    private const int MostSentences = 40;

    private readonly List<string> _violations = [];

    /// <summary>C1: acknowledged and not in the log.</summary>
    public long Lost { get; private set; }

    /// <summary>C2: applied more than once.</summary>
    public long Duplicated { get; private set; }

    /// <summary>C3: in the log and never measured so.</summary>
    public long Phantom { get; private set; }

    /// <summary>C4: applied after a later one of the same device, or a revision that does not follow.</summary>
    public long OutOfOrder { get; private set; }

    /// <summary>C5: twins that are not what their log says.</summary>
    public long Divergent { get; private set; }

    /// <summary>C6: reads that showed what was over, what never was, or what was not yet.</summary>
    public long StaleReads { get; private set; }

    /// <summary>C7: rows that a silo committed after it was fenced, or a second time.</summary>
    public long ZombieCommits { get; private set; }

    /// <summary>C8: executions beyond the first of what was wanted once.</summary>
    public long CommandsDoubled { get; private set; }

    /// <summary>C8: commands that were accepted and came to no end.</summary>
    public long CommandsLost { get; private set; }

    /// <summary>C8: commands that were executed when their time was over.</summary>
    public long ExecutedExpired { get; private set; }

    /// <summary>C8: commands that devices were given when their time was over.</summary>
    public long ReceivedExpired { get; private set; }

    /// <summary>C8: commands that did not come to the end that became of them.</summary>
    public long CommandsWrongEnd { get; private set; }

    /// <summary>C12: what did not recover when the faults were over.</summary>
    public long Unrecovered { get; private set; }

    /// <summary>The first of them in words.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>True when nothing was found.</summary>
    public bool IsClean => Lost + Duplicated + Phantom + OutOfOrder + Divergent + StaleReads + ZombieCommits
        + CommandsDoubled + CommandsLost + ExecutedExpired + ReceivedExpired + CommandsWrongEnd + Unrecovered == 0;

    public void Lose(long count, string what) => Lost += Say("C1 lost", count, what);

    public void Double(long count, string what) => Duplicated += Say("C2 twice", count, what);

    public void Invent(string what) => Phantom += Say("C3 phantom", 1, what);

    public void Disorder(string what) => OutOfOrder += Say("C4 out of order", 1, what);

    public void Diverge(string what) => Divergent += Say("C5 not its log", 1, what);

    public void Stale(string what) => StaleReads += Say("C6 stale", 1, what);

    public void Zombie(long count, string what) => ZombieCommits += Say("C7 zombie", count, what);

    public void DoubleCommand(long count, string what) => CommandsDoubled += Say("C8 doubled", count, what);

    public void LoseCommand(string what) => CommandsLost += Say("C8 no end", 1, what);

    public void ExecuteExpired(string what) => ExecutedExpired += Say("C8 expired", 1, what);

    public void ReceiveExpired(string what) => ReceivedExpired += Say("C8 given late", 1, what);

    public void MisendCommand(string what) => CommandsWrongEnd += Say("C8 wrong end", 1, what);

    public void NotRecovered(string what) => Unrecovered += Say("C12 not recovered", 1, what);

    private long Say(string rule, long count, string what)
    {
        if (count > 0 && _violations.Count < MostSentences)
        {
            _violations.Add($"{rule}: {what}");
        }

        return Math.Max(0, count);
    }
}
