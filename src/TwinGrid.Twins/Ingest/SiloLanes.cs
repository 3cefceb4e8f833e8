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
/// One lane per other silo: what arrives while a batch is under way is the next batch. A full lane makes its senders
/// wait, so a slow silo holds up its own devices and not this silo's memory. Thread-safe.
/// </summary>
internal sealed partial class SiloLanes(TwinIngestServiceClient client, ILogger<SiloLanes> logger)
{
    private const int MostInBatch = 512;
    private const int MostWaiting = 8_192;

    private readonly ConcurrentDictionary<SiloAddress, Channel<Passenger>> _lanes = new();

    /// <summary>Sends inputs with the next batch for a silo.</summary>
    public async Task<IngestResult> SendAsync(
        SiloAddress silo, TwinId twin, ReadOnlyMemory<byte> inputs, CancellationToken cancellationToken)
    {
        Passenger passenger = new(twin, inputs.ToArray());
        Channel<Passenger> lane = _lanes.GetOrAdd(silo, Open);
        await lane.Writer.WriteAsync(passenger, cancellationToken).ConfigureAwait(false);
        return await passenger.Result.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private Channel<Passenger> Open(SiloAddress silo)
    {
        Channel<Passenger> lane = Channel.CreateBounded<Passenger>(
            new BoundedChannelOptions(MostWaiting) { SingleReader = true });
        Task.Run(() => RunAsync(silo, lane.Reader)).Ignore();
        return lane;
    }

    private async Task RunAsync(SiloAddress silo, ChannelReader<Passenger> lane)
    {
        List<Passenger> batch = new(MostInBatch);
        while (await lane.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            while (batch.Count < MostInBatch && lane.TryRead(out Passenger? passenger))
            {
                batch.Add(passenger);
            }

            await SendBatchAsync(silo, batch).ConfigureAwait(false);
        }
    }

    private async Task SendBatchAsync(SiloAddress silo, List<Passenger> batch)
    {
        try
        {
            IngestResult[] results = await client.IngestAsync(silo, new IngestBatch
            {
                Twins = [.. batch.Select(p => p.Twin)],
                Inputs = [.. batch.Select(p => p.Inputs)],
            }).ConfigureAwait(false);
            for (int i = 0; i < results.Length; i++)
            {
                batch[i].Result.SetResult(results[i]);
            }
        }
#pragma warning disable CA1031 // Whatever failed on the way, nobody may be acknowledged and everybody must hear.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(e, batch.Count, silo);
            foreach (Passenger passenger in batch)
            {
                passenger.Result.TrySetResult(new IngestResult(IngestStatus.Unavailable));
            }
        }
    }

    [LoggerMessage(
        LogLevel.Warning, "A batch of {Count} messages did not reach silo {Silo}; they are not acknowledged.")]
    private partial void LogFailed(Exception exception, int count, SiloAddress silo);

    private sealed record Passenger(TwinId Twin, byte[] Inputs)
    {
        public TaskCompletionSource<IngestResult> Result { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
