using System.Diagnostics;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.FaultTests.Network;

/// <summary>The programs <c>ip</c>, <c>tc</c> and <c>ss</c> of iproute2.</summary>
internal static class IpCommands
{
    private static readonly string[] Programs = ["ip", "tc", "ss"];

    /// <summary>Refuses to begin where they cannot do what is needed.</summary>
    /// <exception cref="NoResultException">The message says what is missing.</exception>
    public static void Require()
    {
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        string[] missing =
            [.. Programs.Where(program => !Array.Exists(path, p => File.Exists(Path.Combine(p, program))))];
        if (missing.Length > 0)
        {
            throw new NoResultException(
                $"--network namespaces needs {string.Join(", ", missing)} of iproute2; install it, or leave the "
                + "option out: links then go through a proxy on loopback");
        }

        if (!Environment.IsPrivilegedProcess)
        {
            throw new NoResultException(
                "--network namespaces makes network namespaces, which only root may; run it as root, or leave the "
                + "option out: links then go through a proxy on loopback");
        }
    }

    /// <summary>Runs lines of <c>ip</c> one after the other, without that word.</summary>
    /// <exception cref="NoResultException">One failed; those after it were not run.</exception>
    public static Task IpAsync(params IEnumerable<string> lines) =>
        ShellAsync(lines.Select(static line => $"ip {line}"));

    /// <summary>Runs command lines one after the other.</summary>
    /// <returns>What they said.</returns>
    /// <exception cref="NoResultException">One failed; those after it were not run.</exception>
    public static async Task<string> ShellAsync(params IEnumerable<string> lines)
    {
        string script = string.Join(" && ", lines);
        ProgramEnd end = await RunningProgram.RunShellAsync(script);
        return end.ExitCode == 0
            ? end.Output
            : throw new NoResultException($"the network could not be made: {end.Errors.Trim()} ({script})");
    }

    /// <summary>Removes namespaces while this process ends; waits for it.</summary>
    /// <param name="names">The namespaces.</param>
    public static void RemoveNow(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            using Process ip = Process.Start("ip", ["netns", "delete", name]);
            ip.WaitForExit();
        }
    }
}
