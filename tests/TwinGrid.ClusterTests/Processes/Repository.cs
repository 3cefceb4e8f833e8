namespace TwinGrid.ClusterTests.Processes;

/// <summary>Where the sources and the built programs are, found from where the tests run.</summary>
internal static class Repository
{
    /// <summary>The directory with TwinGrid.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Debug or Release, as the tests were built.</summary>
    public static string Configuration { get; } =
        new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)).Parent!.Name;

    /// <summary>The silo program in its own output directory, beside its runtimeconfig and appsettings.</summary>
    public static string SiloProgram => Built("src", "TwinGrid.Silo", "TwinGrid.Silo.dll");

    /// <summary>The load harness.</summary>
    public static string LoadProgram => Built("benchmarks", "TwinGrid.LoadTest", "TwinGrid.LoadTest.dll");

    private static string Built(string area, string project, string file)
    {
        string path = Path.Combine(Root, area, project, "bin", Configuration, "net10.0", file);
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"{path} is not built: run dotnet build -c {Configuration}", path);
    }

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "TwinGrid.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName
            ?? throw new DirectoryNotFoundException($"No TwinGrid.sln above {AppContext.BaseDirectory}");
    }
}
