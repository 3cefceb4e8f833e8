namespace TwinGrid.ClusterTests.Processes;

/// <summary>
/// The silo program as another commit of this repository builds it; the newest one whose <c>src</c> is not that of the
/// working tree, unless <c>TWINGRID_TEST_OTHER_VERSION</c> names one.
/// </summary>
internal static class OtherVersion
{
    private const int MostCommits = 500;

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
        string? commit = await FindAsync();
        if (commit is null)
        {
            Assert.Skip("there is no commit here with another src to build the other version from: fetch the history");
        }

        string sources = Directory.CreateTempSubdirectory("twingrid-other-version-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(sources, recursive: true);
        string archive = Path.Combine(sources, "sources.tar");
        (await RunningProgram.RunAsync(
            "git", ["archive", "--output", archive, commit], Repository.Root, BuildTime)).Succeeded();
        (await RunningProgram.RunAsync("tar", ["-xf", archive], sources)).Succeeded();
        string project = Path.Combine(sources, "src", "TwinGrid.Silo");
        (await RunningProgram.RunAsync(
            "dotnet",
            ["build", project, "-c", "Debug", "-v", "quiet", "-p:RunAnalyzers=false", "-p:UseSharedCompilation=false"],
            sources,
            BuildTime)).Succeeded();
        return Path.Combine(project, "bin", "Debug", "net10.0", "TwinGrid.Silo.dll");
    }

    // What is named must be there. Else the line of merges is gone back: a commit of a branch need not build.
    private static async Task<string?> FindAsync()
    {
        if (Environment.GetEnvironmentVariable("TWINGRID_TEST_OTHER_VERSION") is { } named)
        {
            return (await GitAsync("rev-parse", "--verify", $"{named}^{{commit}}")).Succeeded().Output.Trim();
        }

        ProgramEnd commits = await GitAsync("rev-list", "--first-parent", $"--max-count={MostCommits}", "HEAD");
        foreach (string commit in commits.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            ProgramEnd difference = await GitAsync("diff", "--quiet", commit, "--", "src");
            if (difference.ExitCode == 1)
            {
                return commit;
            }
        }

        return null;
    }

    private static Task<ProgramEnd> GitAsync(params string[] arguments) =>
        RunningProgram.RunAsync("git", arguments, Repository.Root);
}
