using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.Benchmarks;

/// <summary>
/// What one reading costs in a model: time per update, and 0 bytes allocated. One twin stays in the processor's
/// cache; ten thousand in turn do not, as in a grid.
/// </summary>
[MemoryDiagnoser]
public class ModelUpdates
{
    private const int Updates = 10_000;

    private readonly double[] _values = new double[Updates];
    private readonly double[] _outputs = new double[Updates];
    private IPredictiveModel _model = null!;
    private double[] _states = [];
    private Prediction[] _predictions = [];
    private long _time;

    /// <summary>The model's name in kind files.</summary>
    [Params("Anomaly", "TrendToLimit", "PowerCurve")]
    public string Model { get; set; } = "";

    /// <summary>How many twins take turns.</summary>
    [Params(1, 10_000)]
    public int Twins { get; set; }

    [GlobalSetup]
    public void Learn()
    {
        PredictiveModelType type = new ServiceCollection().AddTwinGridModels().BuildServiceProvider()
            .GetServices<PredictiveModelType>().Single(type => type.Type == Model);
        _model = type.Create(new ModelDefinition
        {
            Name = "benchmark",
            Type = Model,
            Inputs = ["input"],
            Output = Model == "PowerCurve" ? "output" : null,
            Options = JsonDocument.Parse(Model == "TrendToLimit" ? """{ "limit": 1000 }""" : "{}").RootElement,
        });
        _states = new double[Twins * _model.StateLength];
        _predictions = new Prediction[Twins];
        for (int twin = 0; twin < Twins; twin++)
        {
            _model.Initialize(_states.AsSpan(twin * _model.StateLength, _model.StateLength));
        }

        Random random = new(1);
        for (int i = 0; i < Updates; i++)
        {
            _values[i] = 25 * random.NextDouble();
            _outputs[i] = (100 * _values[i]) + (50 * random.NextDouble());
        }

        // Past the warm-up, so that every update also says something.
        for (int i = 0; i < 200 * Twins / Updates || i < 2; i++)
        {
            Update();
        }
    }

    [Benchmark(OperationsPerInvoke = Updates)]
    public void Update()
    {
        int length = _model.StateLength;
        for (int i = 0; i < Updates; i++)
        {
            int twin = i % Twins;
            _time += UnixMicroseconds.PerSecond;
            ModelInput input = new(_time, _values.AsSpan(i, 1), 1, _outputs[i], outputChanged: true);
            _model.Update(input, _states.AsSpan(twin * length, length), ref _predictions[twin]);
        }
    }
}
