using TwinGrid;

namespace WindFarm.Watching;

/// <summary>
/// How well the grid predicts power, beside the maker's curve, over the states that it published. A turbine that was
/// told to derate does not follow its curve and is left out. Called by one thread at a time.
/// </summary>
internal sealed class PredictionScore
{
    private readonly Dictionary<string, DateTimeOffset> _judged = [];
    private double _squares;
    private double _makerSquares;

    /// <summary>How many predictions were judged.</summary>
    public int Count { get; private set; }

    /// <summary>Root of the mean squared residual, kW; NaN when nothing was judged.</summary>
    public double Rmse => Math.Sqrt(_squares / Count);

    /// <summary>The same of the maker's curve, kW.</summary>
    public double MakerRmse => Math.Sqrt(_makerSquares / Count);

    /// <summary>Judges a state's prediction once.</summary>
    public void Judge(TwinSnapshot state)
    {
        if (state.Commands.Count > 0
            || !state.Predictions.TryGetValue("power", out PredictionSnapshot? prediction)
            || prediction.Residual is not double residual
            || !state.Telemetry.TryGetValue("power", out TelemetrySnapshot? power)
            || !state.Telemetry.TryGetValue("theoreticalPower", out TelemetrySnapshot? maker)
            || power.SourceTime != maker.SourceTime
            || _judged.GetValueOrDefault(state.Id) >= prediction.At)
        {
            return;
        }

        _judged[state.Id] = prediction.At;
        double makerResidual = power.Value.Number - maker.Value.Number;
        _squares += residual * residual;
        _makerSquares += makerResidual * makerResidual;
        Count++;
    }
}
