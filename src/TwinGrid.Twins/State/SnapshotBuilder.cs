using System.Diagnostics.Metrics;
using System.Xml;
using TwinGrid.Twins.Modelling;

namespace TwinGrid.Twins.State;

/// <summary>Makes the immutable copies of a twin's state that leave the grain.</summary>
internal static class SnapshotBuilder
{
    private const int NewestCommands = 10;

    /// <summary>A century, in seconds: beyond it a prediction says no more than "not soon".</summary>
    private const double LongestHorizon = 100 * 365.25 * 86_400;

    /// <summary>More inputs than a person looks at make the message only longer.</summary>
    private const int MostContributions = 5;

    private static readonly Counter<long> s_unexplained = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.models.unexplained", "{answer}", "Answers without a reason: the model threw when it was asked why.");

    public static TwinSnapshot Snapshot(TwinState state, bool durable = true) => new()
    {
        Id = state.Twin.ToString(),
        Kind = state.Twin.Kind,
        Interface = state.Kind.Definition?.Interface,
        Modelled = state.Kind.Definition is not null,
        Revision = state.Revision,
        Online = state.Online,
        LastSeenAt = Moment(state.LastSeen),
        Telemetry = Telemetry(state),
        Properties = new PropertiesSnapshot(new RawJson(state.Reported), new RawJson(state.Desired))
        {
            DesiredRevision = state.DesiredRevision,
            AnsweredRevision = state.AnsweredRevision == 0 ? null : state.AnsweredRevision,
        },
        Predictions = Predictions(state),
        Alarms = [.. state.Alarms.Select(alarm => alarm.ToSnapshot())],
        Sources = [.. state.Sources.Select(Source)],
        Counters = state.Counters.ToSnapshot(),
        Commands = [.. Enumerable.Reverse(state.Commands).Take(NewestCommands).Select(c => c.ToSnapshot())],
        Durable = durable,
    };

    public static TwinSummary Summary(TwinState state) => new(
        state.Twin.ToString(),
        state.Twin.Kind,
        state.Revision,
        Moment(state.LastReading),
        state.Online,
        state.Alarms.Count(alarm => alarm.State == AlarmState.Active))
    {
        DesiredRevision = state.DesiredRevision,
    };

    /// <summary>A model's prediction as the outside reads it.</summary>
    public static PredictionSnapshot Prediction(TwinState state, int index)
    {
        CompiledModel model = state.Kind.Models[index];
        ref Prediction prediction = ref state.Predictions[index];
        string name = model.Definition.Name;
        double horizon = double.IsFinite(prediction.Horizon) ? Math.Clamp(prediction.Horizon, 0, LongestHorizon) : 0;
        return new PredictionSnapshot
        {
            Value = Finite(prediction.Value),
            Lower = Finite(prediction.Lower),
            Upper = Finite(prediction.Upper),
            Confidence = Finite(prediction.Confidence),
            Residual = Finite(prediction.Residual),
            Expected = Finite(prediction.Expected),
            Threshold = Finite(prediction.Threshold),
            Unit = UnitOf(state, model),
            At = UnixMicroseconds.ToDateTimeOffset(prediction.At),
            For = UnixMicroseconds.ToDateTimeOffset(prediction.At + (long)(horizon * UnixMicroseconds.PerSecond)),
            Horizon = XmlConvert.ToString(TimeSpan.FromSeconds(Math.Round(horizon, 3))),
            Model = new ModelIdentity(name, model.Model.Version),
            Revision = state.Revision,
            Why = Ask(
                state,
                index,
                static (model, prediction, learnt) => model.Explain(prediction, learnt),
                e => $"the model '{name}' could not say why: {e.GetType().Name}: {e.Message}"),
            Contributions = Contributions(state, index),
        };
    }

    /// <summary>The inputs behind a model's prediction; null where it names none, or cannot.</summary>
    public static Contribution[]? Contributions(TwinState state, int index) => Ask(
        state,
        index,
        static (model, prediction, learnt) => First(model.Contributions(prediction, learnt)),
        static _ => null);

    private static Contribution[]? First(IReadOnlyList<Contribution> named) =>
        named.Count == 0
            ? null
            : [.. named.Take(MostContributions).Select(contribution => contribution with
            {
                Expected = contribution.Expected is { } expected ? Finite(expected) : null,
                Seen = contribution.Seen is { } seen ? Finite(seen) : null,
                Share = Finite(contribution.Share) ?? 0,
            })];

    // Code of a user's own, asked of what is committed already: what it throws is told as its answer, for neither the
    // twin's turns nor its other readers may stop at it.
    private static T Ask<T>(
        TwinState state,
        int index,
        Func<IPredictiveModel, Prediction, ReadOnlySpan<double>, T> question,
        Func<Exception, T> otherwise)
    {
        CompiledModel model = state.Kind.Models[index];
        try
        {
            return question(
                model.Model,
                state.Predictions[index],
                state.ModelState.AsSpan(model.StateOffset, model.Model.StateLength));
        }
#pragma warning disable CA1031 // It is told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            s_unexplained.Add(1, new("kind", state.Twin.Kind), new("model", model.Definition.Name));
            return otherwise(e);
        }
    }

    private static Dictionary<string, TelemetrySnapshot> Telemetry(TwinState state)
    {
        Dictionary<string, TelemetrySnapshot> telemetry = new(state.SlotCount, StringComparer.Ordinal);
        for (int i = 0; i < state.SlotCount; i++)
        {
            ref TelemetrySlot slot = ref state.Slots[i];
            long source = Math.Max(slot.SourceTime, slot.BadSince);
            if (source == UnixMicroseconds.Absent)
            {
                continue;
            }

            long measured = slot.SourceTime == UnixMicroseconds.Absent ? source : slot.SourceTime;
            long received = slot.ReceivedTime == UnixMicroseconds.Absent ? source : slot.ReceivedTime;
            telemetry.Add(
                state.NameOf(i),
                new TelemetrySnapshot(
                    slot.Value,
                    UnixMicroseconds.ToDateTimeOffset(measured),
                    UnixMicroseconds.ToDateTimeOffset(received),
                    slot.Quality,
                    state.UnitOf(i),
                    slot.Count,
                    i < state.Kind.Telemetry.Length));
        }

        return telemetry;
    }

    private static Dictionary<string, PredictionSnapshot> Predictions(TwinState state)
    {
        Dictionary<string, PredictionSnapshot> predictions = new(StringComparer.Ordinal);
        for (int i = 0; i < state.Predictions.Length; i++)
        {
            if (state.Predictions[i].At != UnixMicroseconds.Absent)
            {
                predictions.Add(state.Kind.Models[i].Definition.Name, Prediction(state, i));
            }
        }

        return predictions;
    }

    // A model of a power says so by its output's unit where it names none itself.
    private static string? UnitOf(TwinState state, CompiledModel model) =>
        model.Model.Unit ?? (model.OutputSlot >= 0 ? state.UnitOf(model.OutputSlot) : null);

    private static SourceSnapshot Source(SourceState source) => new(
        source.Name,
        source.Epoch,
        source.High >= 0 ? source.High : null,
        double.IsNaN(source.ClockOffset) ? null : source.ClockOffset / UnixMicroseconds.PerSecond);

    private static DateTimeOffset? Moment(long time) =>
        time == UnixMicroseconds.Absent ? null : UnixMicroseconds.ToDateTimeOffset(time);

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
