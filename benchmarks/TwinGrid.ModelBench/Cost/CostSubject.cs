using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.ModelBench.Cost;

/// <summary>Models that run in one twin, and the messages that it gets.</summary>
/// <param name="Name">What the row is called.</param>
/// <param name="Models">What a twin runs, in this order, on each message.</param>
/// <param name="ReadingsPerMessage">How many readings one message counts as.</param>
/// <param name="Inputs">The values of one message, one row per message; each model of one input has a column.</param>
/// <param name="Outputs">The output of each message; NaN where there is none.</param>
internal sealed record CostSubject(
    string Name, IPredictiveModel[] Models, int ReadingsPerMessage, double[][] Inputs, double[] Outputs)
{
    private static readonly Dictionary<string, PredictiveModelType> Types = new ServiceCollection()
        .AddTwinGridModels()
        .BuildServiceProvider()
        .GetServices<PredictiveModelType>()
        .ToDictionary(type => type.Type);

    /// <summary>Bytes of state of one twin.</summary>
    public int StateBytes => Models.Sum(model => model.StateLength) * sizeof(double);

    /// <summary>A model made as a kind file makes it.</summary>
    public static IPredictiveModel Make(
        string type, IReadOnlyList<string> inputs, string options = "{}", string? output = null) =>
        Types[type].Create(new ModelDefinition
        {
            Name = "cost",
            Type = type,
            Inputs = [.. inputs],
            Output = output,
            Options = JsonDocument.Parse(options).RootElement,
        });
}
