using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Twins.Ingest;

/// <summary>The end of another silo's lane.</summary>
[Alias("TwinGrid.ITwinIngestService")]
internal interface ITwinIngestService : IGrainService
{
    /// <summary>
    /// Applies a batch, once however often it comes; one answer for each of its twins, or none at all when this silo
    /// takes no batches any more.
    /// </summary>
    [Alias("Ingest"), ResponseTimeout("00:00:05")]
    Task<IngestResult[]> IngestAsync(IngestBatch batch);

    /// <summary>A silo is about to leave: no twin is to be placed there any more.</summary>
    [Alias("Leave"), ResponseTimeout("00:00:01")]
    Task LeaveAsync(SiloAddress leaving);

    /// <summary>Ends when twins can be active here.</summary>
    [Alias("Ready"), ResponseTimeout("00:00:05")]
    Task ReadyAsync();
}

/// <summary>
/// Hands a batch's inputs to their twins. Runs on one scheduler per silo, so it only hands over and waits.
/// </summary>
internal sealed class TwinIngestService(
    GrainId id, Silo silo, ILoggerFactory loggers, ArrivedBatches arrived, ShardMap map, WarmUp warmUp)
    : GrainService(id, silo, loggers), ITwinIngestService
{
    public Task<IngestResult[]> IngestAsync(IngestBatch batch)
    {
        if (batch.Version != PackedInputs.Version)
        {
            throw new TwinGridException(
                $"a batch of form {batch.Version} came, this silo reads {PackedInputs.Version}:"
                + " upgrade one version at a time");
        }

        return arrived.TakeAsync(batch);
    }

    public Task LeaveAsync(SiloAddress leaving)
    {
        map.Leave(leaving);
        return Task.CompletedTask;
    }

    public Task ReadyAsync() => warmUp.Done;
}

/// <summary>A batch that has arrived: answered when all of its messages are.</summary>
internal sealed class LaneArrivals(IngestBatch batch)
{
    private readonly TaskCompletionSource<IngestResult[]> _done =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly IngestResult[] _results = new IngestResult[batch.Twins.Length];
    private int _left = batch.Twins.Length;

    /// <summary>Ends with the answers of all messages.</summary>
    public Task<IngestResult[]> Answers => _done.Task;

    /// <summary>Sends every message to its twin, in order.</summary>
    public void Send(IngestRouter road)
    {
        for (int i = 0; i < _results.Length; i++)
        {
            road.SendHere(new LaneMessage(this, i, batch.Twins[i], batch.Inputs[i]));
        }
    }

    /// <summary>One message of the batch has its answer.</summary>
    public void Answer(int index, in IngestResult result)
    {
        _results[index] = result;
        if (Interlocked.Decrement(ref _left) == 0)
        {
            _done.SetResult(_results);
        }
    }
}

/// <summary>One message of a batch from another silo.</summary>
internal sealed class LaneMessage(LaneArrivals arrivals, int index, TwinId twin, byte[] inputs) : IngestMessage
{
    public override TwinAddress Address { get; } = new(twin);

    public override ReadOnlyMemory<byte> Inputs => inputs;

    public override void Finished(in IngestResult result) => arrivals.Answer(index, result);
}

/// <summary>Calls the ingest service of a named silo.</summary>
internal sealed class TwinIngestServiceClient(IServiceProvider services)
    : GrainServiceClient<ITwinIngestService>(services)
{
    public Task<IngestResult[]> IngestAsync(SiloAddress silo, IngestBatch batch) =>
        GetGrainService(silo).IngestAsync(batch);

    public Task LeaveAsync(SiloAddress silo, SiloAddress leaving) => GetGrainService(silo).LeaveAsync(leaving);

    public Task ReadyAsync(SiloAddress silo) => GetGrainService(silo).ReadyAsync();
}
