using Microsoft.Extensions.Configuration;

namespace TwinGrid.Hosting.Settings;

/// <summary>
/// The one key that decides what is registered and is therefore read before options exist. A wrong value reads as off
/// here and stops the start with the others.
/// </summary>
internal static class DashboardSwitch
{
    public static bool IsOn(IConfiguration configuration) =>
        bool.TryParse(configuration[$"{SettingsTable.Section}:Http:OrleansDashboard"], out bool on) && on;
}
