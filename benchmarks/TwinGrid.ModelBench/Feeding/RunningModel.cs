using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.ModelBench.Feeding;

/// <summary>
/// A model made as a grid makes it, by its name in a kind file, with the state of one twin: fed row by row, with no
/// look ahead. Not safe for threads.
/// </summary>
internal sealed class RunningModel
{
    private static readonly Dictionary<string, PredictiveModelType> Types = new ServiceCollection()
        .AddTwinGridModels()
        .BuildServiceProvider()
        .GetServices<PredictiveModelType>()
        .ToDictionary(type => type.Type);

    private readonly IPredictiveModel _model;
    private readonly double[] _state;
    private Prediction _prediction = Prediction.None;

    /// <summary>Makes a model with a fresh state.</summary>
    /// <param name="type">Its name in kind files.</param>
    /// <param name="inputs">The names of its inputs.</param>
    /// <param name="output">The name of its output; null for none.</param>
    /// <param name="options">Its options as JSON.</param>
    public RunningModel(string type, IReadOnlyList<string> inputs, string? output = null, string options = "{}")
    {
        _model = Types[type].Create(new ModelDefinition
        {
            Name = "bench",
            Type = type,
            Inputs = [.. inputs],
            Output = output,
            Options = JsonDocument.Parse(options).RootElement,
        });
        _state = new double[_model.StateLength];
        _model.Initialize(_state);
    }

    /// <summary>Bytes of state of one twin.</summary>
    public int StateBytes => _state.Length * sizeof(double);

    /// <summary>Why it says what it says.</summary>
    public string Why => _model.Explain(_prediction, _state);

    /// <summary>The input that the prediction is most due to; empty where the model names none.</summary>
    public string Blame => _model.Contributions(_prediction, _state) is [var first, ..] ? first.Name : "";

    /// <summary>A twin that has seen nothing.</summary>
    public void Restart()
    {
        _model.Initialize(_state);
        _prediction = Prediction.None;
    }

    /// <summary>Feeds one row in which all inputs came.</summary>
    /// <param name="time">Source time, Unix microseconds.</param>
    /// <param name="inputs">One value per input; NaN where none is known.</param>
    /// <param name="output">The output's value; NaN where none came.</param>
    public Prediction Read(long time, ReadOnlySpan<double> inputs, double output = double.NaN)
    {
        ulong all = inputs.Length >= 64 ? ulong.MaxValue : (1UL << inputs.Length) - 1;
        _model.Update(new ModelInput(time, inputs, all, output, !double.IsNaN(output)), _state, ref _prediction);
        return _prediction;
    }

    /// <summary>Feeds an output that came in a message of its own.</summary>
    /// <param name="time">Source time, Unix microseconds.</param>
    /// <param name="inputs">The last value of each input.</param>
    /// <param name="output">The output's value.</param>
    public Prediction ReadOutput(long time, ReadOnlySpan<double> inputs, double output)
    {
        _model.Update(new ModelInput(time, inputs, 0, output, true), _state, ref _prediction);
        return _prediction;
    }
}
