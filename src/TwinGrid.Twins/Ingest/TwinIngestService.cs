using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace TwinGrid.Twins.Ingest;

/// <summary>The end of another silo's lane.</summary>
[Alias("TwinGrid.ITwinIngestService")]
internal interface ITwinIngestService : IGrainService
{
    /// <summary>Applies a batch; one answer for each of its twins.</summary>
    [Alias("Ingest"), ResponseTimeout("00:00:05")]
    Task<IngestResult[]> IngestAsync(IngestBatch batch);
}

/// <summary>
/// Hands a batch's inputs to their twins' inboxes. Runs on one scheduler per silo, so it only hands over and waits.
/// </summary>
internal sealed partial class TwinIngestService(
    GrainId id, Silo silo, ILoggerFactory loggers, ActiveTwins active, IGrainFactory grains)
    : GrainService(id, silo, loggers), ITwinIngestService
{
    private readonly ILogger _logger = loggers.CreateLogger<TwinIngestService>();

    public Task<IngestResult[]> IngestAsync(IngestBatch batch)
    {
        if (batch.Version != PackedInputs.Version)
        {
            throw new TwinGridException(
                $"a batch of form {batch.Version} came, this silo reads {PackedInputs.Version}:"
                + " upgrade one version at a time");
        }

        var results = new Task<IngestResult>[batch.Twins.Length];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = ApplyAsync(batch.Twins[i], batch.Inputs[i]);
        }

        return Task.WhenAll(results);
    }

    private async Task<IngestResult> ApplyAsync(TwinId twin, byte[] inputs)
    {
        if (active.Find(twin) is { } inbox)
        {
            IngestItem item = new(inputs);
            if (inbox.TryPost(item) && !(await item.Done).Moved)
            {
                return item.ToResult();
            }
        }

        try
        {
            return await grains.GetGrain<ITwin>(twin.ToGrainKey()).ApplyAsync(inputs);
        }
#pragma warning disable CA1031 // One twin that cannot be loaded must not take the batch's other twins along.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(e, twin);
            return new IngestResult(IngestStatus.Unavailable);
        }
    }

    [LoggerMessage(LogLevel.Error, "Inputs for {Twin} could not be applied; they are not acknowledged.")]
    private partial void LogFailed(Exception exception, TwinId twin);
}

/// <summary>Calls the ingest service of a named silo.</summary>
internal sealed class TwinIngestServiceClient(IServiceProvider services)
    : GrainServiceClient<ITwinIngestService>(services)
{
    public Task<IngestResult[]> IngestAsync(SiloAddress silo, IngestBatch batch) =>
        GetGrainService(silo).IngestAsync(batch);
}
