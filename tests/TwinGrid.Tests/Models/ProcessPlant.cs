using System.Text.Json;
using TwinGrid.Models.Process;

namespace TwinGrid.Tests.Models;

/// <summary>
/// A pump whose flow follows its speed and whose pressure follows both: what is normal is that they go together.
/// </summary>
internal static class ProcessPlant
{
    public static readonly string[] Sensors = ["speed", "flow", "pressure", "valve"];

    private static readonly Lazy<ProcessMonitorParameters> LearntOnce = new(() =>
        ProcessMonitorTrainer.Train(Sensors, Rows(2000, 1)));

    public static ProcessMonitorParameters Parameters => LearntOnce.Value;

    /// <summary>
    /// Speed wanders; flow is a tenth of it, pressure speed/500 + flow/100; the valve is always open.
    /// </summary>
    public static double[][] Rows(int count, int seed)
    {
        Noise noise = new(seed);
        double[][] rows = new double[count][];
        double wander = 0;
        for (int i = 0; i < count; i++)
        {
            wander = (0.7 * wander) + noise.Gaussian();
            double speed = 1500 + (50 * wander);
            double flow = (0.1 * speed) + noise.Gaussian();
            rows[i] = [speed, flow, (speed / 500) + (flow / 100) + (0.02 * noise.Gaussian()), 1];
        }

        return rows;
    }

    public static RunningModel Monitor(ProcessMonitorParameters? parameters = null) => RunningModel.Start(new()
    {
        Name = "together",
        Type = "ProcessMonitor",
        Inputs = [.. Sensors],
        Options = Options((parameters ?? Parameters).ToJson()),
    });

    public static JsonElement Options(string parameters) =>
        JsonDocument.Parse($$"""{ "parameters": {{parameters}} }""").RootElement;
}
