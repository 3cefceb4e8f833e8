using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace TwinGrid.Twins.Ingest;

/// <summary>Inputs for twins of one silo, as they travel.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.IngestBatch")]
internal sealed class IngestBatch
{
    /// <summary>The form's version; calls between silos are not versioned by Orleans.</summary>
    [Id(0)]
    public byte Version { get; init; } = PackedInputs.Version;

    /// <summary>Whose inputs.</summary>
    [Id(1)]
    public required TwinId[] Twins { get; init; }

    /// <summary>Packed inputs, one for each of <see cref="Twins"/>.</summary>
    [Id(2)]
    public required byte[][] Inputs { get; init; }
}

/// <summary>
/// One lane per other silo: what arrives while a batch is under way is the next batch. How much waits is bounded by
/// the senders, as everywhere on the road. Thread-safe.
/// </summary>
internal sealed partial class SiloLanes(
    TwinIngestServiceClient client, IClusterMembershipService membership, ILogger<SiloLanes> logger) : IDisposable
{
    private const int MostInBatch = 512;

    private readonly ConcurrentDictionary<SiloAddress, ChannelWriter<IngestMessage>> _lanes = new();
    private readonly CancellationTokenSource _closing = new();

    /// <summary>Sends a message with the next batch for a silo.</summary>
    public void Send(SiloAddress silo, IngestMessage message) => _lanes.GetOrAdd(silo, Open).TryWrite(message);

    /// <summary>The silo has stopped: what is under way and what still comes is not acknowledged.</summary>
    public void Close() => _closing.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _closing.Dispose();

    private ChannelWriter<IngestMessage> Open(SiloAddress silo)
    {
        Channel<IngestMessage> lane = Channel.CreateUnbounded<IngestMessage>(
            new UnboundedChannelOptions { SingleReader = true });
        Task.Run(() => RunAsync(silo, lane.Reader)).Ignore();
        return lane.Writer;
    }

    private async Task RunAsync(SiloAddress silo, ChannelReader<IngestMessage> lane)
    {
        List<IngestMessage> batch = new(MostInBatch);
        while (await lane.WaitToReadAsync().ConfigureAwait(false))
        {
            while (batch.Count < MostInBatch && lane.TryRead(out IngestMessage? message))
            {
                batch.Add(message);
            }

            await SendBatchAsync(silo, batch).ConfigureAwait(false);
            batch.Clear();
        }
    }

    private async Task SendBatchAsync(SiloAddress silo, List<IngestMessage> batch)
    {
        IngestResult[]? results = null;
        try
        {
            if (membership.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Dead)
            {
                // Orleans would send it all the same: a process that stands still keeps its connections.
                throw new SiloUnavailableException($"{silo} was declared dead");
            }

            results = await CallAsync(silo, batch).WaitAsync(_closing.Token).ConfigureAwait(false);
            if (results.Length != batch.Count)
            {
                throw new TwinGridException($"{results.Length} answers came to a batch of {batch.Count} messages");
            }
        }
#pragma warning disable CA1031 // Whatever failed on the way, nobody may be acknowledged and everybody must hear.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(e, batch.Count, silo);
            results = [.. Enumerable.Repeat(new IngestResult(IngestStatus.Unavailable), batch.Count)];
        }

        for (int i = 0; i < results.Length; i++)
        {
            batch[i].Finish(results[i], logger);
        }
    }

    private Task<IngestResult[]> CallAsync(SiloAddress silo, List<IngestMessage> batch)
    {
        IngestBatch travelling = new() { Twins = new TwinId[batch.Count], Inputs = new byte[batch.Count][] };
        for (int i = 0; i < batch.Count; i++)
        {
            travelling.Twins[i] = batch[i].Address.Twin;
            travelling.Inputs[i] = batch[i].Inputs.ToArray();
        }

        return client.IngestAsync(silo, travelling);
    }

    [LoggerMessage(
        LogLevel.Warning, "A batch of {Count} messages did not reach silo {Silo}; they are not acknowledged.")]
    private partial void LogFailed(Exception exception, int count, SiloAddress silo);
}
