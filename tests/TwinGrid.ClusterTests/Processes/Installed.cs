namespace TwinGrid.ClusterTests.Processes;

/// <summary>Programs of the machine that some tests need.</summary>
internal static class Installed
{
    /// <summary>Skips the test where a program is missing.</summary>
    public static void Require(string program)
    {
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        if (!path.Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, program))))
        {
            Assert.Skip($"{program} is not installed");
        }
    }
}
