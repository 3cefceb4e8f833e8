namespace TwinGrid.ClusterTests.Processes;

/// <summary>
/// The silo program as another commit of this repository builds it; the previous one, unless
/// <c>TWINGRID_TEST_OTHER_VERSION</c> names one.
/// </summary>
internal static class OtherVersion
{
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(6);

    private static readonly Lazy<Task<string>> Built = new(BuildAsync);

    /// <summary>
    /// Its program, built once in a directory that goes with the tests. Skips the test where there is no such commit.
    /// </summary>
    public static async Task<string> SiloProgramAsync()
    {
        Installed.Require("git");
        return await Built.Value;
    }

    private static async Task<string> BuildAsync()
    {
        string commit = Environment.GetEnvironmentVariable("TWINGRID_TEST_OTHER_VERSION") ?? "HEAD^";
        ProgramEnd known = await RunningProgram.RunAsync(
            "git", ["rev-parse", "--verify", "--quiet", $"{commit}^{{commit}}"], Repository.Root);
        if (known.ExitCode != 0)
        {
            Assert.Skip($"there is no commit {commit} here to build the other version from");
        }

        string sources = Directory.CreateTempSubdirectory("twingrid-other-version-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(sources, recursive: true);
        string archive = Path.Combine(sources, "sources.tar");
        (await RunningProgram.RunAsync(
            "git", ["archive", "--output", archive, known.Output.Trim()], Repository.Root, BuildTime)).Succeeded();
        (await RunningProgram.RunAsync("tar", ["-xf", archive], sources)).Succeeded();
        string project = Path.Combine(sources, "src", "TwinGrid.Silo");
        (await RunningProgram.RunAsync(
            "dotnet",
            ["build", project, "-c", "Debug", "-v", "quiet", "-p:RunAnalyzers=false", "-p:UseSharedCompilation=false"],
            sources,
            BuildTime)).Succeeded();
        return Path.Combine(project, "bin", "Debug", "net10.0", "TwinGrid.Silo.dll");
    }
}
