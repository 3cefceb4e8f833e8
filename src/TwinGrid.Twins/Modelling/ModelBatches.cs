using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Modelling;

/// <summary>
/// Runs the batched models of a silo on the rows that its twins ask of them, and sends each twin its answer. Per model
/// one run at a time: what is asked meanwhile is the next batch. Bounded by the twins: each waits with one row per
/// model. When the silo stops it takes no more rows and runs those that it has, for a while. Thread-safe.
/// </summary>
internal sealed partial class ModelBatches(ActiveTwins active, TimeProvider clock, ILogger<ModelBatches> logger)
    : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>
    /// How long a stop waits for rows that were asked: a part of the ten seconds that all of it may take. What is
    /// dropped is asked again by the twin's next reading.
    /// </summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private static readonly Histogram<int> s_rows = TwinGridDiagnostics.Meter.CreateHistogram<int>(
        "twingrid.models.batch.rows", "{row}", "Rows of one run of a batched model.");

    private static readonly Histogram<double> s_duration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.models.batch.duration", "s", "How long one run of a batched model takes.");

    private static readonly Counter<long> s_failed = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.models.batch.failed", "{row}", "Rows that a batched model could not be run on.");

    private readonly ConcurrentDictionary<BatchedModel, ModelLane> _lanes = new();
    private volatile bool _isStopping;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(ModelBatches), ServiceLifecycleStage.Active + 1, static _ => Task.CompletedTask, StopAsync);

    /// <summary>Takes what a committed turn asked.</summary>
    public void Ask(TwinState state, TurnEffects effects)
    {
        for (ulong asked = effects.Asked; asked != 0; asked &= asked - 1)
        {
            int index = BitOperations.TrailingZeroCount(asked);
            CompiledModel model = state.Kind.Models[index];
            ModelLane lane = _lanes.GetOrAdd(model.Batched!, static _ => new ModelLane());
            try
            {
                Ask(lane, ModelRow.Of(state, index, effects.AskedOfHistory));
            }
#pragma warning disable CA1031 // The turn is committed: a model of a user's own must not stop the twin any more.
            catch (Exception e)
#pragma warning restore CA1031
            {
                CountFailure(lane, e, model.Definition.Name, state.Twin.Kind);
            }
        }
    }

    /// <summary>Runs what was asked, for as long as a stop waits; drops and counts the rest.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        await Task.WhenAll(_lanes.Values.Select(lane => lane.CloseAsync()))
            .WaitAsync(s_patience, clock, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        int dropped = _lanes.Values.Sum(lane => lane.Drop());
        if (dropped > 0)
        {
            LogDropped(dropped);
        }
    }

    private void Ask(ModelLane lane, ModelRow row)
    {
        if (!_isStopping && lane.Add(row))
        {
            Task.Run(() => RunAll(lane, row.Model)).Ignore();
        }
    }

    private void RunAll(ModelLane lane, BatchedModel model)
    {
        while (lane.TryTake(model.BatchSize, out List<ModelRow> rows))
        {
            long start = clock.GetTimestamp();
            Run(lane, model, CollectionsMarshal.AsSpan(rows));
            s_rows.Record(rows.Count);
            s_duration.Record(clock.GetElapsedTime(start).TotalSeconds);
        }
    }

    // A row that the model cannot be run on must not take the others of its batch with it: they are run by halves.
    private void Run(ModelLane lane, BatchedModel model, ReadOnlySpan<ModelRow> rows)
    {
        if (TryRun(model, rows, out Exception? problem))
        {
            return;
        }

        if (rows.Length > 1)
        {
            Run(lane, model, rows[..(rows.Length / 2)]);
            Run(lane, model, rows[(rows.Length / 2)..]);
            return;
        }

        CountFailure(lane, problem!, rows[0].Name, rows[0].Twin.Kind);
        Post(rows[0], rows[0].Failure(UnixMicroseconds.Now(clock)));
    }

    private bool TryRun(BatchedModel model, ReadOnlySpan<ModelRow> rows, out Exception? problem)
    {
        double[] input = new double[rows.Length * model.RowLength];
        double[] output = new double[rows.Length * model.OutputLength];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i].Values.CopyTo(input, i * model.RowLength);
        }

        try
        {
            model.Run(input, output);
        }
#pragma warning disable CA1031 // Whatever the runtime throws: it is told, and the next rows are run.
        catch (Exception e)
#pragma warning restore CA1031
        {
            problem = e;
            return false;
        }

        problem = null;
        long now = UnixMicroseconds.Now(clock);
        for (int i = 0; i < rows.Length; i++)
        {
            Post(rows[i], rows[i].Answer(output.AsSpan(i * model.OutputLength, model.OutputLength), now));
        }

        return true;
    }

    private void Post(in ModelRow row, byte[] answer) => active.Find(row.Twin)?.TryPost(new TwinCall(row.Twin, answer));

    private void CountFailure(ModelLane lane, Exception problem, string model, string kind)
    {
        s_failed.Add(1);
        if (lane.Fail(clock) is { } rows)
        {
            LogFailed(problem, model, kind, rows);
        }
    }

    [LoggerMessage(
        LogLevel.Error,
        "The model {Model} of the kind {Kind} could not be run on {Rows} rows since this was last said, at most once a "
            + "minute; the predictions of their twins say nothing until the next reading.")]
    private partial void LogFailed(Exception exception, string model, string kind, int rows);

    [LoggerMessage(
        LogLevel.Information,
        "The silo stops before models were run on {Rows} rows that twins asked; the next reading of each asks again.")]
    private partial void LogDropped(int rows);
}
