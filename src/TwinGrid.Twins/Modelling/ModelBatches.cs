using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Numerics;
using Microsoft.Extensions.Logging;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Modelling;

/// <summary>
/// Runs the batched models of a silo on the rows that its twins ask of them, and sends each twin its answer. Per model
/// one run at a time: what is asked meanwhile is the next batch. Bounded by the twins: each waits with one row per
/// model. Thread-safe.
/// </summary>
internal sealed partial class ModelBatches(ActiveTwins active, TimeProvider clock, ILogger<ModelBatches> logger)
{
    private static readonly Histogram<int> s_rows = TwinGridDiagnostics.Meter.CreateHistogram<int>(
        "twingrid.models.batch.rows", "{row}", "Rows of one run of a batched model.");

    private static readonly Histogram<double> s_duration = TwinGridDiagnostics.Meter.CreateHistogram<double>(
        "twingrid.models.batch.duration", "s", "How long one run of a batched model takes.");

    private readonly ConcurrentDictionary<BatchedModel, Lane> _lanes = new();

    /// <summary>Takes what a committed turn asked.</summary>
    public void Ask(TwinState state, TurnEffects effects)
    {
        for (ulong asked = effects.Asked; asked != 0; asked &= asked - 1)
        {
            int index = BitOperations.TrailingZeroCount(asked);
            try
            {
                Ask(ModelRow.Of(state, index, effects.AskedOfHistory));
            }
#pragma warning disable CA1031 // The turn is committed: a model of a user's own must not stop the twin any more.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogFailed(e, state.Kind.Models[index].Definition.Name, state.Twin.Kind, 1);
            }
        }
    }

    private void Ask(ModelRow row)
    {
        if (_lanes.GetOrAdd(row.Model, static _ => new Lane()).Add(row))
        {
            Task.Run(() => RunAll(row.Model)).Ignore();
        }
    }

    private void RunAll(BatchedModel model)
    {
        Lane lane = _lanes[model];
        while (lane.TryTake(model.BatchSize, out List<ModelRow> rows))
        {
            long start = clock.GetTimestamp();
            try
            {
                Run(model, rows);
            }
#pragma warning disable CA1031 // Whatever the runtime throws, these rows have no answer and the next ones are run.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogFailed(e, rows[0].Name, rows[0].Twin.Kind, rows.Count);
            }

            s_rows.Record(rows.Count);
            s_duration.Record(clock.GetElapsedTime(start).TotalSeconds);
        }
    }

    private void Run(BatchedModel model, List<ModelRow> rows)
    {
        double[] input = new double[rows.Count * model.RowLength];
        double[] output = new double[rows.Count * model.OutputLength];
        for (int i = 0; i < rows.Count; i++)
        {
            rows[i].Values.CopyTo(input, i * model.RowLength);
        }

        model.Run(input, output);
        long now = UnixMicroseconds.Now(clock);
        for (int i = 0; i < rows.Count; i++)
        {
            ReadOnlySpan<double> own = output.AsSpan(i * model.OutputLength, model.OutputLength);
            active.Find(rows[i].Twin)?.TryPost(new TwinCall(rows[i].Twin, rows[i].Answer(own, now)));
        }
    }

    [LoggerMessage(
        LogLevel.Error, "The model {Model} of the kind {Kind} failed on {Rows} rows; their predictions stay.")]
    private partial void LogFailed(Exception exception, string model, string kind, int rows);

    /// <summary>What waits for one model: the newest row of each twin, in the order in which they asked.</summary>
    private sealed class Lane
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<TwinId, ModelRow> _newest = [];
        private readonly Queue<TwinId> _order = new();
        private bool _isRunning;

        /// <summary>Adds a row; true when somebody must begin to run.</summary>
        public bool Add(in ModelRow row)
        {
            lock (_lock)
            {
                if (!_newest.ContainsKey(row.Twin))
                {
                    _order.Enqueue(row.Twin);
                }

                _newest[row.Twin] = row;
                bool begins = !_isRunning;
                _isRunning = true;
                return begins;
            }
        }

        /// <summary>Takes the next batch; false, and the run is over, when nothing waits.</summary>
        public bool TryTake(int most, out List<ModelRow> rows)
        {
            rows = [];
            lock (_lock)
            {
                while (rows.Count < most && _order.TryDequeue(out TwinId twin))
                {
                    _newest.Remove(twin, out ModelRow row);
                    rows.Add(row);
                }

                _isRunning = rows.Count > 0;
                return _isRunning;
            }
        }
    }
}
