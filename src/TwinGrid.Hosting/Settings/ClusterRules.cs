using Microsoft.Extensions.Configuration;
using TwinGrid.Hosting.Roles;
using TwinGrid.Storage;

namespace TwinGrid.Hosting.Settings;

/// <summary>What keys that are each right must not say together.</summary>
internal static class ClusterRules
{
    /// <summary>One sentence per contradiction; the section was judged key by key before.</summary>
    public static IEnumerable<string> Judge(IConfigurationSection section)
    {
        string membership = section["Cluster:Membership"] ?? nameof(ClusterMembership.Localhost);
        bool isAlone = Is(membership, nameof(ClusterMembership.Localhost));
        if (!isAlone && !Is(section["Storage:Provider"], StorageOptions.PostgreSql))
        {
            yield return $"{SettingsTable.Section}:Cluster:Membership is '{membership}': the silos of a cluster keep "
                + $"their twins in one database; set {SettingsTable.Section}:Storage:Provider=PostgreSql and "
                + $"{SettingsTable.Section}:Storage:ConnectionString";
        }

        if (isAlone && section["Roles"] is { } roles
            && !roles.Split(',', StringSplitOptions.TrimEntries).Any(static role => Is(role, nameof(GridRoles.Twins))))
        {
            yield return $"{SettingsTable.Section}:Roles is '{roles}': a silo that is alone needs the role Twins; add "
                + $"it, or set {SettingsTable.Section}:Cluster:Membership to the cluster's";
        }
    }

    private static bool Is(string? value, string word) =>
        string.Equals(value, word, StringComparison.OrdinalIgnoreCase);
}
