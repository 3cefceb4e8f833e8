using System.Data.Common;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace TwinGrid.Twins.Definitions;

/// <summary>Every content that a kind's definition ever had; the key is <c>tenant/kind</c>.</summary>
[Alias("TwinGrid.IDefinitionHistory")]
internal interface IDefinitionHistory : IGrainWithStringKey
{
    /// <summary>Stores a content unless it is the newest already; gives its revision, from 1.</summary>
    [Alias("Publish")]
    Task<int> PublishAsync(string definition);

    /// <summary>The content of a revision, or null.</summary>
    [Alias("Get"), ReadOnly]
    Task<string?> GetAsync(int revision);
}

/// <summary>What is stored of a kind's definition.</summary>
[GenerateSerializer, Alias("TwinGrid.DefinitionHistoryState")]
internal sealed class DefinitionHistoryState
{
    /// <summary>The version of this form.</summary>
    [Id(0)]
    public byte Version { get; set; } = 1;

    /// <summary>The contents from revision 1.</summary>
    [Id(1)]
    public List<string> Contents { get; set; } = [];
}

/// <inheritdoc cref="IDefinitionHistory"/>
[GrainType(TypeName)]
internal sealed class DefinitionHistoryGrain(
    [PersistentState(DefinitionHistoryGrain.StateName, TwinsSiloBuilderExtensions.ControlPlaneStorage)]
    IPersistentState<DefinitionHistoryState> stored) : Grain, IDefinitionHistory
{
    /// <summary>The grain's type and the state's name: what its row in grain storage is found by.</summary>
    public const string TypeName = "twingrid.definitions";

    /// <inheritdoc cref="TypeName"/>
    public const string StateName = "definition";

    public async Task<int> PublishAsync(string definition)
    {
        List<string> contents = stored.State.Contents;
        if (contents.Count == 0 || contents[^1] != definition)
        {
            contents.Add(definition);
            try
            {
                await stored.WriteStateAsync();
            }
            catch (Exception e)
            {
                // A revision that was not stored must not be given to anybody.
                contents.RemoveAt(contents.Count - 1);
                if (e is DbException)
                {
                    // Another silo cannot read the exceptions of a database's driver.
                    throw new TwinGridUnavailableException($"The store did not keep a definition: {e.Message}");
                }

                throw;
            }
        }

        return contents.Count;
    }

    public Task<string?> GetAsync(int revision) =>
        Task.FromResult(stored.State.Contents.ElementAtOrDefault(revision - 1));
}
