using System.Text.Json;
using TwinGrid.Twins.Control.Expressions;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Control;

/// <summary>
/// A twin's live state as expressions, and policies of a user's own, see it. One per thread, lent for a call.
/// </summary>
internal sealed class StateScope : ExpressionScope
{
    [ThreadStatic]
    private static StateScope? s_scope;

    private readonly UserView _view;
    private TwinState _state = null!;
    private long _now;

    private StateScope()
    {
        _view = new UserView(this);
    }

    public override long Now => _now;

    /// <summary>The same state for a policy of a user's own.</summary>
    public TwinView View => _view;

    /// <summary>The calling thread's scope over a twin; valid until the next call.</summary>
    public static StateScope Over(TwinState state, long now)
    {
        StateScope scope = s_scope ??= new StateScope();
        scope._state = state;
        scope._now = now;
        return scope;
    }

    public override ReadingValue Telemetry(int slot) => _state.Slots[slot].Value;

    public override double Number(int slot) => _state.Slots[slot].Value.Number;

    public override long ReceivedTime(int slot) => _state.Slots[slot].ReceivedTime;

    public override Quality Quality(int slot) => _state.Slots[slot].Quality;

    public override double Prediction(int model, PredictionField field)
    {
        ref Prediction prediction = ref _state.Predictions[model];
        return field switch
        {
            PredictionField.Value => prediction.Value,
            PredictionField.Lower => prediction.Lower,
            PredictionField.Upper => prediction.Upper,
            PredictionField.Confidence => prediction.Confidence,
            PredictionField.Residual => prediction.Residual,
            PredictionField.Horizon => prediction.Horizon,
            PredictionField.Expected => prediction.Expected,
            _ => prediction.Threshold,
        };
    }

    public override IReadOnlyList<Contribution> Contributions(int model) =>
        SnapshotBuilder.Contributions(_state, model) ?? [];

    public override ReadingValue Property(bool desired, string path)
    {
        using JsonDocument document = JsonDocument.Parse(desired ? _state.Desired : _state.Reported);
        JsonElement element = document.RootElement;
        foreach (string name in path.Split('.'))
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return default;
            }
        }

        return element.ValueKind switch
        {
            JsonValueKind.Number => ReadingValue.Of(element.GetDouble()),
            JsonValueKind.True or JsonValueKind.False => ReadingValue.Of(element.GetBoolean()),
            JsonValueKind.String => ReadingValue.Of(element.GetString()!),
            _ => default,
        };
    }

    private sealed class UserView(StateScope scope) : TwinView
    {
        public override TwinId Twin => scope._state.Twin;

        public override long Now => scope._now;

        public override double Number(string telemetry) => Value(telemetry).Number;

        public override ReadingValue Value(string telemetry)
        {
            int slot = Find(telemetry);
            return slot < 0 ? default : scope._state.Slots[slot].Value;
        }

        public override long SourceTime(string telemetry)
        {
            int slot = Find(telemetry);
            return slot < 0 ? UnixMicroseconds.Absent : scope._state.Slots[slot].SourceTime;
        }

        public override Prediction Prediction(string model)
        {
            int index = scope._state.Kind.FindModel(model);
            return index < 0 ? TwinGrid.Prediction.None : scope._state.Predictions[index];
        }

        private int Find(string telemetry)
        {
            int declared = scope._state.Kind.Names.Find(telemetry);
            return declared >= 0 ? declared : scope._state.FindExtra(telemetry);
        }
    }
}
