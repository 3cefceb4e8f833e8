using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.Benchmarks;

/// <summary>
/// The standard stack, Anomaly and TrendToLimit on each of four telemetries: time per reading, for 10,000 twins in
/// turn.
/// </summary>
[MemoryDiagnoser]
public class StandardStack
{
    private const int Telemetries = 4;
    private const int Twins = 10_000;

    private readonly IPredictiveModel[] _models = new IPredictiveModel[2];
    private readonly Prediction[] _predictions = new Prediction[Twins * Telemetries * 2];
    private readonly double[] _values = new double[Twins];
    private double[] _states = [];
    private long _time;

    [GlobalSetup]
    public void Learn()
    {
        Dictionary<string, PredictiveModelType> types = new ServiceCollection().AddTwinGridModels()
            .BuildServiceProvider().GetServices<PredictiveModelType>().ToDictionary(type => type.Type);
        ModelDefinition anomaly = new() { Name = "anomaly", Type = "Anomaly", Inputs = ["input"] };
        _models[0] = types["Anomaly"].Create(anomaly);
        _models[1] = types["TrendToLimit"].Create(anomaly with
        {
            Type = "TrendToLimit",
            Options = JsonDocument.Parse("""{ "limit": 1000 }""").RootElement,
        });
        _states = new double[Twins * Telemetries * _models.Sum(model => model.StateLength)];
        int at = 0;
        for (int i = 0; i < Twins * Telemetries * 2; i++)
        {
            IPredictiveModel model = _models[i % 2];
            model.Initialize(_states.AsSpan(at, model.StateLength));
            at += model.StateLength;
        }

        Random random = new(1);
        for (int i = 0; i < Twins; i++)
        {
            _values[i] = 100 * random.NextDouble();
        }

        for (int i = 0; i < 50; i++)
        {
            Read();
        }
    }

    [Benchmark(OperationsPerInvoke = Twins * Telemetries)]
    public void Read()
    {
        int at = 0;
        _time += UnixMicroseconds.PerSecond;
        for (int i = 0; i < Twins * Telemetries * 2; i++)
        {
            IPredictiveModel model = _models[i % 2];
            ModelInput input = new(_time, _values.AsSpan((int)((i + _time) % Twins), 1), 1, double.NaN, false);
            model.Update(input, _states.AsSpan(at, model.StateLength), ref _predictions[i]);
            at += model.StateLength;
        }
    }
}
