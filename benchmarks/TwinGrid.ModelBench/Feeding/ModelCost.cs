using System.Diagnostics;

namespace TwinGrid.ModelBench.Feeding;

/// <summary>What a model costs: the line that each verb prints last.</summary>
/// <param name="Samples">Rows fed.</param>
/// <param name="Seconds">Time spent in the model, by <see cref="CpuSeconds"/> or a clock.</param>
/// <param name="StateBytes">Bytes of state of one twin.</param>
internal readonly record struct ModelCost(long Samples, double Seconds, int StateBytes)
{
    /// <summary>
    /// Processor time of this process, seconds: unlike a clock's, a difference of two says the same on a busy machine.
    /// </summary>
    public static double CpuSeconds => Environment.CpuUsage.TotalTime.TotalSeconds;

    public static double SecondsSince(long timestamp) => Stopwatch.GetElapsedTime(timestamp).TotalSeconds;

    public override string ToString() =>
        $"{Samples} samples, {Seconds * 1e6 / Math.Max(1, Samples):0.000} us per sample, {StateBytes} bytes of state";
}
