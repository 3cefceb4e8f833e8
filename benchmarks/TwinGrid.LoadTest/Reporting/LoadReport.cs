using System.Text.Json;
using System.Text.Json.Nodes;
using TwinGrid.LoadTest.Arguments;

namespace TwinGrid.LoadTest.Reporting;

/// <summary>A scenario's report as JSON: what was run and where, then its own members.</summary>
internal static class LoadReport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The report's text.</summary>
    /// <param name="scenario">The scenario's name.</param>
    /// <param name="machine">The machine in a line.</param>
    /// <param name="options">What was run.</param>
    /// <param name="bodies">Objects whose members follow, in order.</param>
    public static string ToJson(string scenario, string machine, LoadOptions options, params object[] bodies)
    {
        var report = new JsonObject
        {
            ["scenario"] = scenario,
            ["machine"] = machine,
            ["options"] = JsonSerializer.SerializeToNode(options, Json),
        };
        foreach (object body in bodies)
        {
            foreach ((string name, JsonNode? value) in JsonSerializer.SerializeToNode(body, Json)!.AsObject())
            {
                report[name] = value?.DeepClone();
            }
        }

        return report.ToJsonString(Json);
    }
}
