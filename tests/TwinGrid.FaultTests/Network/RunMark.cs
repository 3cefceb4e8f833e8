using System.Globalization;

namespace TwinGrid.FaultTests.Network;

/// <summary>
/// What a run's namespaces are called: after the process that made them and the moment when that began, by which it is
/// not taken for a later one of the same id.
/// </summary>
/// <param name="ProcessId">The harness' process id.</param>
/// <param name="Began">When it began, clock ticks since the machine did, see proc_pid_stat(5).</param>
internal sealed record RunMark(int ProcessId, long Began)
{
    private const string Family = "twingrid-faults";

    // Field 22 of /proc/PID/stat; counted from behind the program's name, which may hold spaces, it is the 20th.
    private const int BeganField = 19;

    /// <summary>This process' own.</summary>
    public static RunMark Own { get; } = new(Environment.ProcessId, BeganAt(Environment.ProcessId) ?? 0);

    /// <summary>True while the process is there.</summary>
    public bool IsAlive => BeganAt(ProcessId) == Began;

    /// <summary>The name of a host's namespace.</summary>
    public string Name(string host) => $"{Family}.{ProcessId}.{Began}.{host}";

    /// <summary>The mark in a namespace's name; null where it is none of ours.</summary>
    public static RunMark? Read(string name)
    {
        string[] parts = name.Split('.');
        return parts.Length == 4 && parts[0] == Family
            && int.TryParse(parts[1], CultureInfo.InvariantCulture, out int process)
            && long.TryParse(parts[2], CultureInfo.InvariantCulture, out long began)
                ? new RunMark(process, began)
                : null;
    }

    private static long? BeganAt(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[BeganField], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no such process.
            return null;
        }
    }
}
