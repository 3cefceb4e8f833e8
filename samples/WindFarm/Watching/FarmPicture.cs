using TwinGrid;

namespace WindFarm.Watching;

/// <summary>One turbine as the grid knows it.</summary>
/// <param name="Id">The twin's id.</param>
/// <param name="WindSpeed">m/s.</param>
/// <param name="Power">kW.</param>
/// <param name="Predicted">What the power curve says for that wind, kW; NaN where it says nothing yet.</param>
/// <param name="BearingTemperature">°C.</param>
/// <param name="Score">Anomaly score, 0 to 1; NaN where there is none yet.</param>
/// <param name="Alarms">The names of active alarms, the worst first.</param>
/// <param name="LastCommand">The newest command and how far it is, or nothing.</param>
internal sealed record TurbineLine(
    string Id,
    double WindSpeed,
    double Power,
    double Predicted,
    double BearingTemperature,
    double Score,
    IReadOnlyList<string> Alarms,
    string LastCommand)
{
    /// <summary>Takes what the screen needs from a state.</summary>
    public static TurbineLine Of(TwinSnapshot twin)
    {
        CommandSnapshot? command = twin.Commands.Count > 0 ? twin.Commands[0] : null;
        return new TurbineLine(
            twin.Id,
            Number(twin, "windSpeed"),
            Number(twin, "power"),
            Prediction(twin, "power"),
            Number(twin, "bearingTemperature"),
            Prediction(twin, "wear"),
            [.. twin.Alarms
                .Where(alarm => alarm.State == AlarmState.Active)
                .OrderByDescending(alarm => alarm.Severity)
                .Select(alarm => alarm.Name)],
            command is null ? "" : $"{command.Name} {CommandWords.Of(command.Status)}");
    }

    private static double Number(TwinSnapshot twin, string telemetry) =>
        twin.Telemetry.TryGetValue(telemetry, out TelemetrySnapshot? value) ? value.Value.Number : double.NaN;

    private static double Prediction(TwinSnapshot twin, string model) =>
        twin.Predictions.TryGetValue(model, out PredictionSnapshot? value) ? value.Value ?? double.NaN : double.NaN;
}

/// <summary>The whole farm at one moment, as the grid knows it. Immutable.</summary>
internal sealed record FarmPicture
{
    /// <summary>Turbines: those with alarms first, then in the order of their ids.</summary>
    public required IReadOnlyList<TurbineLine> Turbines { get; init; }

    /// <summary>How many other twins there are: met masts.</summary>
    public required int OtherTwins { get; init; }

    /// <summary>Mean wind over the turbines, m/s.</summary>
    public double MeanWind => Mean(line => line.WindSpeed);

    /// <summary>Power of all turbines, MW.</summary>
    public double Power => Total(line => line.Power) / 1000;

    /// <summary>Predicted power of all turbines, MW.</summary>
    public double Predicted => Total(line => line.Predicted) / 1000;

    /// <summary>How many alarms are active.</summary>
    public int Alarms => Turbines.Sum(line => line.Alarms.Count);

    /// <summary>The turbine with the highest anomaly score, or null.</summary>
    public TurbineLine? Strangest => Turbines.Where(line => !double.IsNaN(line.Score)).MaxBy(line => line.Score);

    /// <summary>Takes a picture.</summary>
    public static FarmPicture Of(FarmWatch watch) => new()
    {
        Turbines =
        [
            .. watch.Twins.Values
                .Where(twin => twin.Kind == "turbine")
                .Select(TurbineLine.Of)
                .OrderBy(line => line.Alarms.Count == 0)
                .ThenBy(line => line.Id, StringComparer.Ordinal),
        ],
        OtherTwins = watch.Twins.Values.Count(twin => twin.Kind != "turbine"),
    };

    private double Mean(Func<TurbineLine, double> of) =>
        Turbines.Select(of).Where(double.IsFinite).DefaultIfEmpty(0).Average();

    private double Total(Func<TurbineLine, double> of) => Turbines.Select(of).Where(double.IsFinite).Sum();
}
