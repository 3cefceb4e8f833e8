using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;

namespace TwinGrid.LoadTest.Measuring;

/// <summary>
/// Makes another .NET process collect its garbage, so that its memory is what it needs: a session of the runtime's
/// events with the keyword GCHeapCollect begins with a blocking collection of all generations, as dotnet-gcdump uses.
/// </summary>
internal static class ForcedCollection
{
    private const long GCHeapCollect = 0x800000;

    private static readonly TimeSpan CollectsWithin = TimeSpan.FromSeconds(2);

    /// <summary>Collects twice: what the first one finalizes goes with the second.</summary>
    public static async Task RunAsync(int process)
    {
        for (int i = 0; i < 2; i++)
        {
            using EventPipeSession session = await new DiagnosticsClient(process).StartEventPipeSessionAsync(
                [new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, GCHeapCollect)],
                requestRundown: false,
                circularBufferMB: 16,
                CancellationToken.None);
            Task drain = session.EventStream.CopyToAsync(Stream.Null);
            await Task.Delay(CollectsWithin);
            await session.StopAsync(CancellationToken.None);
            await drain;
        }
    }
}
