using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.Tests.Models;

/// <summary>A model made as a grid makes it, by its name in a kind file, with the state of one twin.</summary>
internal sealed class RunningModel
{
    private static readonly Dictionary<string, PredictiveModelType> Types = new ServiceCollection()
        .AddTwinGridModels()
        .BuildServiceProvider()
        .GetServices<PredictiveModelType>()
        .ToDictionary(type => type.Type);

    private Prediction _prediction = Prediction.None;

    private readonly double[] _inputs;
    private readonly Dictionary<double, WaveformFeatures?> _measured = [];

    public RunningModel(IPredictiveModel model, int inputs = 1)
    {
        Model = model;
        _inputs = new double[inputs];
        State = new double[model.StateLength];
        model.Initialize(State);
    }

    public static IEnumerable<string> TypeNames => Types.Keys;

    public IPredictiveModel Model { get; }

    public double[] State { get; private init; }

    public Prediction Prediction => _prediction;

    public string Why => Model.Explain(_prediction, State);

    public static RunningModel Start(ModelDefinition definition) =>
        new(Types[definition.Type].Create(definition), definition.Inputs.Count);

    public static RunningModel Anomaly(string options = "{}", string input = "temperature") =>
        Start(Define("Anomaly", options, input, null));

    public static RunningModel TrendToLimit(string options, string input = "bearingTemperature") =>
        Start(Define("TrendToLimit", options, input, null));

    public static RunningModel PowerCurve(string options = "{}") =>
        Start(Define("PowerCurve", options, "windSpeed", "power"));

    public static ModelDefinition Define(string type, string options, string input, string? output) => new()
    {
        Name = "watch",
        Type = type,
        Inputs = [input],
        Output = output,
        Options = JsonDocument.Parse(options).RootElement,
    };

    /// <summary>A twin like this one at this moment: its doubles and its last prediction, copied.</summary>
    public RunningModel Copy() =>
        new(Model, _inputs.Length) { State = [.. State], _prediction = _prediction };

    public Prediction Read(double seconds, double value) => Update(seconds, value, true, double.NaN, false);

    public Prediction ReadOutput(double seconds, double lastInput, double output) =>
        Update(seconds, lastInput, false, output, true);

    public Prediction ReadBoth(double seconds, double input, double output) =>
        Update(seconds, input, true, output, true);

    /// <summary>A message; of a waveform comes a block that is as loud as the input says.</summary>
    public Prediction Update(double seconds, double input, bool inputCame, double output, bool outputCame)
    {
        long time = (long)(seconds * UnixMicroseconds.PerSecond);
        if (inputCame && Model.WaveformInput >= 0)
        {
            return SendWaveform(time, Block(input), input);
        }

        Array.Fill(_inputs, input);
        return Send(time, _inputs, inputCame ? (1UL << _inputs.Length) - 1 : 0, output, outputCame);
    }

    /// <summary>A message with inputs that differ.</summary>
    public Prediction Send(
        long time, ReadOnlySpan<double> inputs, ulong changed, double output = double.NaN, bool outputCame = false)
    {
        Model.Update(new ModelInput(time, inputs, changed, output, outputCame), State, ref _prediction);
        return _prediction;
    }

    /// <summary>A message with a waveform as its first input; the others are the same number.</summary>
    public Prediction SendWaveform(long time, in WaveformBlock block, double others = double.NaN)
    {
        Array.Fill(_inputs, others);
        _inputs[0] = double.NaN;
        Model.Update(
            new ModelInput(time, _inputs, 1, double.NaN, false) { Waveform = block }, State, ref _prediction);
        return _prediction;
    }

    // Measured once, as the twin does before its models run.
    private WaveformBlock Block(double loudness)
    {
        WaveformBlock block = new(
            MemoryMarshal.AsBytes<double>(SignalBlocks.Machine),
            WaveformEncoding.Float64,
            loudness,
            SignalBlocks.MachineRate);
        if (!_measured.TryGetValue(loudness, out WaveformFeatures? features))
        {
            _measured[loudness] = features = block.Measure();
        }

        return block with { Features = features };
    }
}
