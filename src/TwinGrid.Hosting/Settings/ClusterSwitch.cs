using Microsoft.Extensions.Configuration;
using TwinGrid.Hosting.Roles;

namespace TwinGrid.Hosting.Settings;

/// <summary>
/// What decides how silos find each other and their twins: read before options exist, as <see cref="StorageSwitch"/>.
/// A wrong value reads as the default here and stops the start with the others.
/// </summary>
internal static class ClusterSwitch
{
    public static ClusterMembership Membership(IConfiguration configuration) =>
        Read<ClusterMembership>(configuration, "Membership");

    public static GridGrainDirectory Directory(IConfiguration configuration) =>
        Read<GridGrainDirectory>(configuration, "GrainDirectory");

    private static T Read<T>(IConfiguration configuration, string key)
        where T : struct, Enum =>
        Enum.TryParse(configuration[$"{SettingsTable.Section}:Cluster:{key}"], ignoreCase: true, out T value)
            && Enum.IsDefined(value)
            ? value
            : default;
}
