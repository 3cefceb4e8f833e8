using Microsoft.Extensions.Configuration;
using TwinGrid;
using TwinGrid.Models.Onnx;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers ONNX models.</summary>
public static class OnnxModelsServiceCollectionExtensions
{
    /// <summary>
    /// Lets kind files name models of the type <c>Onnx</c>: <c>{ "name": "power", "type": "Onnx", "inputs":
    /// ["windSpeed"], "options": { "path": "power.onnx" } }</c>.
    /// </summary>
    /// <remarks>
    /// A file is read once in a process, however many kinds name it. A wrong one stops the start with a
    /// <see cref="DefinitionException"/>. This project's README has every option.
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <param name="directory">
    /// Where the files are; default what <c>TwinGrid:DefinitionsDirectory</c> says, else <c>./definitions</c>.
    /// </param>
    /// <param name="limits">How large a model may be; default <see cref="OnnxLimits"/>' own.</param>
    public static IServiceCollection AddOnnxModels(
        this IServiceCollection services, string? directory = null, OnnxLimits? limits = null) =>
        services.AddSingleton(provider =>
        {
            string place = directory
                ?? provider.GetService<IConfiguration>()?["TwinGrid:DefinitionsDirectory"]
                ?? "./definitions";
            OnnxSessions sessions = new(limits ?? new OnnxLimits());
            return new PredictiveModelType(
                OnnxModel.TypeName, definition => new OnnxModel(definition, sessions, place));
        });
}
