using TwinGrid.Hosting.Roles;

namespace TwinGrid.Hosting;

/// <summary>What stands at the root of the configuration section <c>TwinGrid</c>.</summary>
public sealed class TwinGridOptions
{
    /// <summary>What this process does in the cluster; default all of it.</summary>
    public GridRoles Roles { get; set; } = GridRoles.All;

    /// <summary>
    /// The SQLite file and local files; default <c>./twingrid-data</c>, made where it is missing. A relative path
    /// starts at the working directory. One process at a time.
    /// </summary>
    public string DataDirectory { get; set; } = "./twingrid-data";

    /// <summary>
    /// Kind files (<c>*.twin.json</c>) and DTDL interfaces (<c>*.json</c>); default <c>./definitions</c>, which may be
    /// missing. A relative path starts at the working directory.
    /// </summary>
    public string DefinitionsDirectory { get; set; } = DefaultDefinitionsDirectory;

    internal const string DefaultDefinitionsDirectory = "./definitions";
}
