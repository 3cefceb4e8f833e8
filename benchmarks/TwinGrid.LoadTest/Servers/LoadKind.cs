using System.Text.Json;
using TwinGrid.LoadTest.Arguments;

namespace TwinGrid.LoadTest.Servers;

/// <summary>The kind of the load's twins, as a file for the definitions of a grid of our own.</summary>
internal static class LoadKind
{
    /// <summary>The kind's name.</summary>
    public const string Name = "load";

    /// <summary>The file's name.</summary>
    public const string FileName = Name + ".twin.json";

    /// <summary>
    /// The file: the telemetry that a message carries; with <c>--models standard</c> an Anomaly and a TrendToLimit on
    /// each, whose limit no value comes near.
    /// </summary>
    public static string Json(LoadOptions options)
    {
        string[] telemetry = [.. Enumerable.Range(0, options.Readings).Select(static i => $"v{i}")];
        return JsonSerializer.Serialize(new
        {
            kind = Name,
            version = 1,
            telemetry = telemetry.ToDictionary(static name => name, static _ => new { }),
            models = options.Models == "none" ? [] : telemetry.SelectMany(Standard),
        });
    }

    private static IEnumerable<object> Standard(string telemetry) =>
    [
        new { name = $"{telemetry}Anomaly", type = "Anomaly", inputs = new[] { telemetry } },
        new
        {
            name = $"{telemetry}Trend",
            type = "TrendToLimit",
            inputs = new[] { telemetry },
            options = new { limit = 1_000, direction = "rising" },
        },
    ];
}
