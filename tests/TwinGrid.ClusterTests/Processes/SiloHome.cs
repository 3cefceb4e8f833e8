namespace TwinGrid.ClusterTests.Processes;

/// <summary>The directories of one silo: they outlive its process, so that it can be started on them again.</summary>
internal sealed class SiloHome : IDisposable
{
    /// <summary>Makes an empty home, with the kinds of the <c>definitions</c> directory that are named.</summary>
    public SiloHome(params string[] kinds)
    {
        Root = Directory.CreateTempSubdirectory("twingrid-test-").FullName;
        Directory.CreateDirectory(Definitions);
        foreach (string kind in kinds)
        {
            string file = $"{kind}.twin.json";
            File.Copy(
                Path.Combine(AppContext.BaseDirectory, "definitions", file), Path.Combine(Definitions, file));
        }
    }

    /// <summary>The working directory of the process.</summary>
    public string Root { get; }

    /// <summary>Its <c>DataDirectory</c>.</summary>
    public string Data => Path.Combine(Root, "data");

    /// <summary>Its <c>DefinitionsDirectory</c>.</summary>
    public string Definitions => Path.Combine(Root, "definitions");

    /// <summary>Writes a file into the definitions directory.</summary>
    public void Define(string file, string content) => File.WriteAllText(Path.Combine(Definitions, file), content);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
