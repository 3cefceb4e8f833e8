using Orleans.Concurrency;
using Orleans.Runtime;

namespace TwinGrid.Twins.Catalogue;

/// <summary>
/// A part of the list of all twins. There are <see cref="CatalogueParts.Count"/>, so that a million twins make parts
/// of about 16,000; the key is <c>tenant/part</c>.
/// </summary>
[Alias("TwinGrid.ITwinCatalogue")]
internal interface ITwinCatalogue : IGrainWithStringKey
{
    /// <summary>Adds a twin; durable when the task ends.</summary>
    [Alias("Add"), AlwaysInterleave]
    Task AddAsync(TwinId twin);

    /// <summary>Removes a twin; durable when the task ends.</summary>
    [Alias("Remove"), AlwaysInterleave]
    Task RemoveAsync(TwinId twin);

    /// <summary>The twins after an id, in order.</summary>
    [Alias("List"), AlwaysInterleave]
    Task<List<TwinId>> ListAsync(string? kind, string? after, int limit);
}

/// <summary>What is stored of a part of the catalogue.</summary>
[GenerateSerializer, Alias("TwinGrid.CatalogueState")]
internal sealed class CatalogueState
{
    /// <summary>The version of this form.</summary>
    [Id(0)]
    public byte Version { get; set; } = 1;

    /// <summary>The ids, in no order.</summary>
    [Id(1)]
    public List<string> Twins { get; set; } = [];
}

/// <inheritdoc cref="ITwinCatalogue"/>
[GrainType("twingrid.catalogue")]
internal sealed class CatalogueGrain(
    [PersistentState("catalogue", TwinsSiloBuilderExtensions.ControlPlaneStorage)]
    IPersistentState<CatalogueState> stored) : Grain, ITwinCatalogue
{
    private readonly SortedSet<TwinId> _twins = [];
    private Task _writing = Task.CompletedTask;
    private Task? _nextWrite;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _twins.UnionWith(stored.State.Twins.Select(id => TwinId.Parse(id)));
        return Task.CompletedTask;
    }

    public Task AddAsync(TwinId twin)
    {
        _twins.Add(twin);
        return SaveAsync();
    }

    public Task RemoveAsync(TwinId twin)
    {
        _twins.Remove(twin);
        return SaveAsync();
    }

    public Task<List<TwinId>> ListAsync(string? kind, string? after, int limit)
    {
        IEnumerable<TwinId> twins = _twins;
        if (after is not null)
        {
            TwinId last = TwinId.Parse(after);
            twins = _twins.GetViewBetween(last, _twins.Max >= last ? _twins.Max : last).Where(id => id != last);
        }

        return Task.FromResult(twins.Where(id => kind is null || id.Kind == kind).Take(limit).ToList());
    }

    // A thousand twins that come at once are one write, not a thousand: whoever comes during a write shares the next.
    private Task SaveAsync() => _nextWrite ??= SaveAfterAsync(_writing);

    private async Task SaveAfterAsync(Task last)
    {
        // Everybody of the current call comes first; those who follow during the write belong to the next.
        await Task.Yield();
        await last.ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _writing = _nextWrite!;
        _nextWrite = null;
        stored.State.Twins = [.. _twins.Select(id => id.ToString())];
        await stored.WriteStateAsync();
    }
}
