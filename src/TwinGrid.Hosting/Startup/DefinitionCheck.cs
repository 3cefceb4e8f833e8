using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TwinGrid.Twins;

namespace TwinGrid.Hosting.Startup;

/// <summary>Reads and compiles every kind, so that a wrong one stops the start before anything else does.</summary>
internal sealed class DefinitionCheck(
    IServiceProvider services,
    IOptions<TwinGridOptions> options,
    IEnumerable<PredictiveModelType> models,
    IEnumerable<ControlPolicyType> policies)
{
    /// <summary>Judges them.</summary>
    /// <exception cref="DefinitionException">A kind is wrong; the message names file and place.</exception>
    /// <exception cref="TwinGridException">The directory was named and is not there.</exception>
    public void Judge()
    {
        string directory = options.Value.DefinitionsDirectory;
        if (directory != TwinGridOptions.DefaultDefinitionsDirectory && !Directory.Exists(directory))
        {
            throw new TwinGridException(
                $"TwinGrid:DefinitionsDirectory: there is no directory {Path.GetFullPath(directory)}");
        }

        PredictiveModelType[] modelTypes = LastOf(models, static type => type.Type);
        ControlPolicyType[] policyTypes = LastOf(policies, static type => type.Type);
        foreach (TwinDefinition definition in services.GetRequiredService<DefinitionSet>().All)
        {
            _ = new TwinSimulation(definition, modelTypes, policyTypes);
        }
    }

    private static T[] LastOf<T>(IEnumerable<T> types, Func<T, string> name) =>
        [.. types.Reverse().DistinctBy(name, StringComparer.Ordinal)];
}
