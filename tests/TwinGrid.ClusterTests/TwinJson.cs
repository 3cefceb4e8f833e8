using System.Text.Json;

namespace TwinGrid.ClusterTests;

/// <summary>Reads a twin's snapshot as the contract of the API shapes it.</summary>
internal static class TwinJson
{
    /// <summary>The live number of a telemetry; NaN where there is none.</summary>
    public static double Number(this JsonElement twin, string telemetry) =>
        twin.Telemetry(telemetry) is { } live && live.GetProperty("value").ValueKind == JsonValueKind.Number
            ? live.GetProperty("value").GetDouble()
            : double.NaN;

    /// <summary>The live value of a telemetry with all that belongs to it, or null.</summary>
    public static JsonElement? Telemetry(this JsonElement twin, string telemetry) =>
        twin.GetProperty("telemetry").TryGetProperty(telemetry, out JsonElement live) ? live : null;

    /// <summary>One of the twin's counters.</summary>
    public static long Counter(this JsonElement twin, string counter) =>
        twin.GetProperty("counters").GetProperty(counter).GetInt64();

    /// <summary>A publisher of the twin, or null.</summary>
    public static JsonElement? Source(this JsonElement twin, string source)
    {
        foreach (JsonElement candidate in twin.GetProperty("sources").EnumerateArray())
        {
            if (candidate.GetProperty("source").GetString() == source)
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>An alarm of the twin, or null.</summary>
    public static JsonElement? Alarm(this JsonElement twin, string name)
    {
        foreach (JsonElement candidate in twin.GetProperty("alarms").EnumerateArray())
        {
            if (candidate.GetProperty("name").GetString() == name)
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Whether an alarm is active or cleared; null where the twin has none of that name.</summary>
    public static string? AlarmState(this JsonElement twin, string name) =>
        twin.Alarm(name)?.GetProperty("state").GetString();

    /// <summary>True or false; null where it cannot be known or was never said.</summary>
    public static bool? Online(this JsonElement twin) =>
        twin.TryGetProperty("online", out JsonElement online) && online.ValueKind != JsonValueKind.Null
            ? online.GetBoolean()
            : null;
}
