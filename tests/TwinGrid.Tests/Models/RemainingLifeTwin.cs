using TwinGrid.Models.RemainingLife;

namespace TwinGrid.Tests.Models;

/// <summary>One twin with the model: the newest value of each input, the state, the prediction.</summary>
internal sealed class RemainingLifeTwin
{
    private readonly double[] _values = new double[RemainingLifeFleet.ModelInputs.Count];
    private Prediction _prediction = Prediction.None;
    private long _time;

    public RemainingLifeTwin(IPredictiveModel model)
    {
        Model = model;
        State = new double[model.StateLength];
        model.Initialize(State);
        Array.Fill(_values, double.NaN);
    }

    public IPredictiveModel Model { get; }

    public double[] State { get; private init; }

    public Prediction Prediction => _prediction;

    public string Why => Model.Explain(_prediction, State);

    public RemainingLifeTwin Copy()
    {
        RemainingLifeTwin copy = new(Model) { State = [.. State], _prediction = _prediction, _time = _time };
        _values.CopyTo(copy._values, 0);
        return copy;
    }

    /// <summary>A message an hour after the last.</summary>
    public Prediction Send(params (string Input, double Value)[] readings)
    {
        ulong changed = 0;
        foreach ((string input, double value) in readings)
        {
            int index = RemainingLifeFleet.ModelInputs.ToList().IndexOf(input);
            _values[index] = value;
            changed |= 1UL << index;
        }

        return SendRaw(_values, changed);
    }

    public Prediction SendRaw(ReadOnlySpan<double> values, ulong changed)
    {
        _time += 3600 * UnixMicroseconds.PerSecond;
        Model.Update(new ModelInput(_time, values, changed, double.NaN, false), State, ref _prediction);
        return _prediction;
    }

    /// <summary>A row of a history; the counter shows its age and a bit more.</summary>
    public Prediction Send(LifeHistory unit, int row, double counterAhead = 0) => Send(
        ("cycle", unit.Ages[row] + counterAhead),
        ("speed", unit.Settings[row][0]),
        ("temperature", unit.Sensors[row][0]),
        ("pressure", unit.Sensors[row][1]),
        ("voltage", unit.Sensors[row][2]),
        ("serialNumber", unit.Sensors[row][3]));

    public Prediction Send(LifeHistory unit, Range rows)
    {
        (int start, int count) = rows.GetOffsetAndLength(unit.Rows);
        for (int row = start; row < start + count; row++)
        {
            Send(unit, row);
        }

        return _prediction;
    }
}
