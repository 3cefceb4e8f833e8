using System.Diagnostics.Metrics;
using Orleans.Runtime;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// The road to the twins. An active twin of this silo is one lookup away; one of another silo goes with everything
/// else for that silo in a batch; only a twin that is not active yet is called as a grain. Step 3 of the walk.
/// </summary>
internal sealed class IngestRouter(
    ActiveTwins active, ShardMap map, SiloLanes lanes, ILocalSiloDetails local, IGrainFactory grains) : ITwinIngest
{
    private static readonly Counter<long> s_inputs = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.ingest.messages", "{message}", "Messages by the road that they took to their twin.");

    private static readonly KeyValuePair<string, object?> s_inProcess = new("road", "in-process");
    private static readonly KeyValuePair<string, object?> s_batch = new("road", "batch");
    private static readonly KeyValuePair<string, object?> s_call = new("road", "call");

    public void Send(IngestMessage message) => SendAsync(message).Ignore();

    private async Task SendAsync(IngestMessage message) =>
        message.Finished(await IngestAsync(message.Address.Twin, message.Inputs, CancellationToken.None));

    private async ValueTask<IngestResult> IngestAsync(
        TwinId twin, ReadOnlyMemory<byte> inputs, CancellationToken cancellationToken)
    {
        if (active.Find(twin) is { } inbox)
        {
            IngestItem item = new(inputs);
            if (inbox.TryPost(item))
            {
                s_inputs.Add(1, s_inProcess);
                await item.Done.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (!item.Moved)
                {
                    return item.ToResult();
                }
            }
        }

        string key = twin.ToGrainKey();
        SiloAddress? silo = map.Find(key);
        if (silo is not null && !silo.Equals(local.SiloAddress))
        {
            s_inputs.Add(1, s_batch);
            return await lanes.SendAsync(silo, twin, inputs, cancellationToken).ConfigureAwait(false);
        }

        s_inputs.Add(1, s_call);
        return await CallAsync(key, inputs, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IngestResult> CallAsync(
        string key, ReadOnlyMemory<byte> inputs, CancellationToken cancellationToken)
    {
        try
        {
            return await grains.GetGrain<ITwin>(key).ApplyAsync(inputs.ToArray())
                .WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // The silo stops or does not answer: whether the inputs were applied is not known, so nobody is
            // acknowledged.
            return new IngestResult(IngestStatus.Unavailable);
        }
    }
}
