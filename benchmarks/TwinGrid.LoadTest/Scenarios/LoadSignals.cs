using HdrHistogram;
using TwinGrid.LoadTest.Mqtt;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>What the runner tells a load, and what a load tells of itself.</summary>
/// <param name="abandon">Ends everything at once: the server does not answer any more.</param>
internal sealed class LoadSignals(CancellationToken abandon)
{
    private volatile bool _stopping;
    private volatile bool _measuring;

    /// <summary>True when nothing more shall be sent.</summary>
    public bool Stopping => _stopping;

    /// <summary>Cancelled when what is unacknowledged is given up.</summary>
    public CancellationToken Abandon { get; } = abandon;

    /// <summary>How late an open loop wrote its messages, in microseconds: the client's own fault.</summary>
    public LongHistogram SendLag { get; } = LoadTally.NewHistogram();

    /// <summary>True from the end of the warm-up on.</summary>
    public bool Measuring => _measuring;

    /// <summary>Says that the warm-up is over.</summary>
    public void Measure() => _measuring = true;

    /// <summary>Says that nothing more shall be sent.</summary>
    public void Stop() => _stopping = true;
}
