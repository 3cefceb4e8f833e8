using System.Diagnostics;

namespace TwinGrid.Tests.Hosting;

/// <summary>Runs a line as a person would type it.</summary>
internal static class Shell
{
    /// <summary>The line's output; the test is skipped where the program that it needs is not installed.</summary>
    public static async Task<string> RunAsync(string line, string needs)
    {
        if (Find(needs) is null)
        {
            Assert.Skip($"{needs} is not installed");
        }

        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> said = shell.StandardOutput.ReadToEndAsync();
        Task<string> complained = shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(shell.ExitCode == 0, $"{line}: exit code {shell.ExitCode}: {await complained}");
        return await said;
    }

    /// <summary>The path of the first of some programs that is installed, or null.</summary>
    public static string? Find(params string[] programs) => programs
        .SelectMany(static program => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(directory => Path.Combine(directory, program)))
        .FirstOrDefault(File.Exists);
}
