using System.Data.Common;
using System.Runtime.CompilerServices;
using Orleans.Storage;
using TwinGrid.Twins.Definitions;

namespace TwinGrid.Twins.History;

/// <summary>
/// Reads definitions as Orleans' grain storage has them, without a silo, and tells which are not as they were stored.
/// </summary>
/// <param name="controlPlane">
/// The grain storage of the name <see cref="Orleans.Hosting.TwinsSiloBuilderExtensions.ControlPlaneStorage"/>.
/// </param>
public sealed class DefinitionVerifier(IGrainStorage controlPlane)
{
    /// <summary>The name of the state in grain storage.</summary>
    public const string StateName = DefinitionHistoryGrain.StateName;

    private const string Where = "definitions";

    /// <summary>Reads them.</summary>
    /// <param name="keys">The keys of the grains that have a state of the name <see cref="StateName"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The damaged ones.</returns>
    /// <exception cref="DbException">The database does not answer.</exception>
    public async IAsyncEnumerable<StoreDamage> RunAsync(
        IEnumerable<string> keys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        foreach (string key in keys)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await FindProblemAsync(key) is { } problem)
            {
                yield return new StoreDamage(Where, null, null, problem, DefinitionHistoryState.Remedy);
            }
        }
    }

    private async Task<string?> FindProblemAsync(string key)
    {
        string kind = key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..];
        try
        {
            return (await StoredDefinitions.ReadAsync(controlPlane, key)).FindDamaged() is { } revision
                ? $"the definition of {kind}, revision {revision}, is not as it was stored"
                : null;
        }
        catch (Exception e) when (e is not (DbException or OperationCanceledException))
        {
            // Whatever the serializer throws over bytes that are none of its own.
            return $"the definitions of {kind} cannot be read: {e.Message.TrimEnd('.')}";
        }
    }
}
