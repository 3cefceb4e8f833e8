using System.Diagnostics;
using System.Globalization;

namespace TwinGrid.Tests.Storage;

/// <summary>
/// strace on one thread: watches and disturbs what it asks of the disk. Only one may hold a thread at a time.
/// </summary>
internal sealed class Strace : IDisposable
{
    private readonly Process _process;

    private Strace(Process process)
    {
        _process = process;
    }

    /// <summary>The number of the thread that asks; 0 where there is no strace.</summary>
    public static int Thread() => OperatingSystem.IsLinux()
        ? int.Parse(File.ReadAllText("/proc/thread-self/stat").Split(' ')[0], CultureInfo.InvariantCulture)
        : 0;

    /// <summary>Fails calls of a thread.</summary>
    /// <param name="thread">Which.</param>
    /// <param name="calls">The names of the calls, with commas.</param>
    /// <param name="error">What they fail with.</param>
    /// <param name="only">The file of which; null for all.</param>
    public static Task<Strace> FailAsync(int thread, string calls, string error, string? only = null)
    {
        string[] path = only is null ? [] : ["-P", only];
        return AttachAsync(
            thread, [.. path, "-o", "/dev/null", "-e", $"trace={calls}", "-e", $"inject={calls}:error={error}"]);
    }

    public static async Task<Strace> AttachAsync(int thread, params string[] arguments)
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && File.Exists("/usr/bin/strace"), "strace is not installed");
        ProcessStartInfo start = new("/usr/bin/strace") { RedirectStandardError = true };
        foreach (string argument in (string[])["-p", thread.ToString(CultureInfo.InvariantCulture), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start)!;
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(30));
        string said = await process.StandardError.ReadLineAsync(deadline.Token) ?? "";
        Assert.SkipUnless(said.Contains("attached", StringComparison.Ordinal), $"strace cannot attach: {said}");
        return new Strace(process);
    }

    public void Dispose()
    {
        // Not SIGKILL: strace writes out what it saw, and lets the thread go.
        using Process kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        _process.WaitForExit();
        _process.Dispose();
    }
}
