using Microsoft.Extensions.Configuration;
using TwinGrid.Storage;

namespace TwinGrid.Hosting.Settings;

/// <summary>
/// Which store is registered: read before options exist, as <see cref="DashboardSwitch"/>. A wrong value reads as
/// SQLite here and stops the start with the others.
/// </summary>
internal static class StorageSwitch
{
    public static bool IsPostgreSql(IConfiguration configuration) => string.Equals(
        configuration[$"{SettingsTable.Section}:Storage:Provider"],
        StorageOptions.PostgreSql,
        StringComparison.OrdinalIgnoreCase);
}
