using System.Diagnostics;
using System.Globalization;

namespace TwinGrid.LoadTest.Measuring;

/// <summary>The limit of open files, of which each connection takes one here and one in the server.</summary>
internal static class OpenFiles
{
    // Libraries, logs, the store and the runtime's own.
    private const int Others = 500;

    /// <summary>
    /// Sees to it that this process and those that it starts may have so many connections. The runtime has raised the
    /// soft limit to the hard one already; only root may raise that.
    /// </summary>
    /// <exception cref="NoResult">They may not; the message says what to do.</exception>
    public static async Task EnsureAsync(int connections)
    {
        int needed = connections + Others;
        if (Limit() >= needed)
        {
            return;
        }

        if (File.Exists("/usr/bin/prlimit"))
        {
            using Process raise = Process.Start(
                "/usr/bin/prlimit", $"--pid {Environment.ProcessId} --nofile={needed}:{needed}");
            await raise.WaitForExitAsync();
        }

        if (Limit() is long limit && limit < needed)
        {
            throw new NoResult(
                $"{connections} connections need {needed} open files and this shell allows {limit}: as root, run "
                + $"'ulimit -n {needed}' first, or take fewer --connections");
        }
    }

    // "Max open files            1024                 524288               files": soft, hard.
    private static long Limit()
    {
        string[] words = File.ReadLines("/proc/self/limits")
            .First(static line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words[3] == "unlimited" ? long.MaxValue : long.Parse(words[3], CultureInfo.InvariantCulture);
    }
}
