using System.Data.Common;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace TwinGrid.Hosting.Startup;

/// <summary>
/// Orleans' grain storage on a disk that may fail to keep what was written: from then on nothing more is written, as
/// the log's store does. Thread-safe.
/// </summary>
/// <param name="inner">Orleans' provider.</param>
/// <param name="findBroken">
/// Tells of a failure that says so, and gives what to refuse with; null for another.
/// </param>
internal sealed class SyncedGrainStorage(IGrainStorage inner, Func<DbException, TwinGridException?> findBroken)
    : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    private volatile TwinGridException? _refusal;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        inner.ReadStateAsync(stateName, grainId, grainState);

    public Task ReadStateAsync<T>(
        string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        inner.ReadStateAsync(stateName, grainId, grainState, cancellationToken);

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        KeepAsync(() => inner.WriteStateAsync(stateName, grainId, grainState));

    public Task WriteStateAsync<T>(
        string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        KeepAsync(() => inner.WriteStateAsync(stateName, grainId, grainState, cancellationToken));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        KeepAsync(() => inner.ClearStateAsync(stateName, grainId, grainState));

    public Task ClearStateAsync<T>(
        string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
        KeepAsync(() => inner.ClearStateAsync(stateName, grainId, grainState, cancellationToken));

    /// <summary>Orleans' provider opens its database in the silo's lifecycle.</summary>
    public void Participate(ISiloLifecycle lifecycle) =>
        (inner as ILifecycleParticipant<ISiloLifecycle>)?.Participate(lifecycle);

    private async Task KeepAsync(Func<Task> write)
    {
        if (_refusal is { } refusal)
        {
            throw refusal;
        }

        try
        {
            await write();
        }
        catch (DbException e)
        {
            _refusal = findBroken(e) ?? _refusal;
            throw;
        }
    }
}
