using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Cost;

/// <summary>What a reading costs, all its models together.</summary>
/// <param name="Micros">Processor time of one reading, microseconds: the median of some rounds.</param>
/// <param name="StateBytes">Bytes of state of one twin.</param>
/// <param name="AllocatedBytes">Bytes that one reading allocates on the heap.</param>
internal readonly record struct ReadingCost(double Micros, int StateBytes, double AllocatedBytes);

/// <summary>
/// Feeds twins in turn, as a grid does: so many that their state does not stay in the processor's cache.
/// </summary>
internal static class CostMeter
{
    private const int Rounds = 7;
    private const double LeastSeconds = 0.2;

    /// <summary>Of each twin: past the warm-up of every model, so that each says something.</summary>
    private const int WarmupMessages = 600;

    /// <summary>More state than this is not made: models with much run fewer twins.</summary>
    private const long MostBytes = 64L << 20;

    public static ReadingCost Measure(CostSubject subject, int twins)
    {
        twins = (int)Math.Clamp(MostBytes / subject.StateBytes, 1, twins);
        CostTwins all = new(subject, twins);

        int warmup = WarmupMessages * twins;
        double start = ModelCost.CpuSeconds;
        all.Feed(warmup);
        double perMessage = (ModelCost.CpuSeconds - start) / warmup;
        int messages = (int)Math.Clamp(LeastSeconds / perMessage, twins, 100_000_000);

        double[] micros = new double[Rounds];
        long allocated = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            start = ModelCost.CpuSeconds;
            all.Feed(messages);
            double seconds = ModelCost.CpuSeconds - start;
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            micros[round] = seconds * 1e6 / messages / subject.ReadingsPerMessage;
        }

        Array.Sort(micros);
        return new ReadingCost(
            micros[Rounds / 2],
            subject.StateBytes,
            allocated / ((double)Rounds * messages * subject.ReadingsPerMessage));
    }
}
