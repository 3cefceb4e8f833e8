using TwinGrid.LoadTest.Arguments;
using TwinGrid.LoadTest.Mqtt;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>A way to make load.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="What">What it does, in a sentence.</param>
/// <param name="OpenLoop">True when it sends by the clock and not by what the grid has answered.</param>
/// <param name="Generate">Sends until told to stop; its task ends when all is acknowledged.</param>
internal sealed record Scenario(
    string Name, string What, bool OpenLoop, Func<LoadConnection[], LoadOptions, LoadSignals, Task> Generate)
{
    /// <summary>All that exist.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("ingest", "open loop: --rate messages per second, latency from when each should leave", true,
            OpenLoopLoad.RunAsync),
        new("ingest-max", "closed loop: --window unacknowledged messages on each connection", false,
            ClosedLoopLoad.RunAsync),
    ];
}
