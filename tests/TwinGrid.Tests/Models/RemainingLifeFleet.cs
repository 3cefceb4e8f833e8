using System.Text.Json;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.Tests.Models;

/// <summary>
/// A fleet whose wear is known: lives of 80 to 160 cycles, wear w = (age/life)², two speeds. The temperature rises by
/// 10 w, the pressure falls by 5 w, both with noise 1 and another level at each speed; the voltage only has noise;
/// the serial number stands still.
/// </summary>
internal static class RemainingLifeFleet
{
    public static LifeInputs Inputs { get; } =
        new(["speed"], ["temperature", "pressure", "voltage", "serialNumber"], "cycle");

    private static readonly Lazy<RemainingLifeParameters> Learnt = new(() => Learn());

    private static readonly Lazy<RemainingLifeParameters> LearntWithoutCounter =
        new(() => Learn(Inputs with { Age = null }));

    private static readonly Lazy<RemainingLifeParameters> LearntOfOneSensor = new(() => RemainingLifeTrainer.Train(
        new LifeInputs([], ["temperature"]),
        [.. Make(40, 1).Select(unit => unit with
        {
            Settings = [.. unit.Settings.Select(_ => Array.Empty<double>())],
            Sensors = [.. unit.Sensors.Zip(unit.Settings, (row, at) => new[] { at[0] > 2000 ? row[0] - 200 : row[0] })],
        })],
        new RemainingLifeTraining { Folds = 3, Epochs = 6 }));

    public static IReadOnlyList<string> ModelInputs { get; } =
        ["cycle", "speed", "temperature", "pressure", "voltage", "serialNumber", "repaired"];

    /// <summary>Learnt from forty units once; the tests share it.</summary>
    public static RemainingLifeParameters Parameters => Learnt.Value;

    public static RemainingLifeParameters ParametersWithoutCounter => LearntWithoutCounter.Value;

    public static RemainingLifeParameters Learn(LifeInputs? inputs = null, double scale = 1) =>
        RemainingLifeTrainer.Train(
            inputs ?? Inputs, Make(40, 1, scale), new RemainingLifeTraining { Folds = 3, Epochs = 6 });

    public static LifeHistory[] Make(int units, int seed, double scale = 1)
    {
        Noise noise = new(seed);
        return [.. Enumerable.Range(0, units).Select(unit => One(unit, noise, scale))];
    }

    private static LifeHistory One(int unit, Noise noise, double scale)
    {
        int life = 80 + (int)(80 * noise.Uniform());
        double[][] settings = new double[life][];
        double[][] sensors = new double[life][];
        for (int i = 0; i < life; i++)
        {
            double wear = Math.Pow((i + 1) / (double)life, 2);
            bool fast = noise.Uniform() < 0.5;
            settings[i] = [fast ? 3000 + noise.Gaussian() : 1500 + noise.Gaussian()];
            sensors[i] =
            [
                scale * ((fast ? 700 : 500) + (10 * wear) + noise.Gaussian()),
                scale * ((fast ? 30 : 60) - (5 * wear) + noise.Gaussian()),
                scale * (12 + noise.Gaussian()),
                scale * 4711,
            ];
        }

        return new LifeHistory(
            $"unit {unit}", [.. Enumerable.Range(1, life).Select(cycle => (double)cycle)], settings, sensors);
    }

    /// <summary>A model as a kind file makes it.</summary>
    public static ModelDefinition Define(RemainingLifeParameters parameters, string more = "") => new()
    {
        Name = "life",
        Type = "RemainingLife",
        Inputs = ModelInputs,
        Options = JsonDocument.Parse($$"""{ "parameters": {{parameters.ToJson()}} {{more}} }""").RootElement,
    };

    /// <summary>Without settings and counter, only the temperature: what a model of one input can be.</summary>
    public static ModelDefinition OneSensor => RunningModel.Define(
        "RemainingLife", $$"""{ "parameters": {{LearntOfOneSensor.Value.ToJson()}} }""", "temperature", null);

    public static RemainingLifeTwin Twin(RemainingLifeParameters? parameters = null) =>
        new(RunningModel.Start(Define(parameters ?? Parameters, """, "resetOn": "repaired" """)).Model);
}
