using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace TwinGrid.Tests.Storage;

/// <summary>
/// Where a test's store lives: what is promised of every store is tested on each. Opening it once more is what a
/// restart does, or a process that takes over.
/// </summary>
public abstract class StoreHome : IAsyncDisposable
{
    private readonly ConcurrentBag<ITwinStore> _opened = [];

    /// <summary>The key that a refusal names for somebody who wants another place.</summary>
    public abstract string Place { get; }

    /// <summary>Makes the place.</summary>
    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Opens a store; it is closed with its home.</summary>
    public async Task<ITwinStore> OpenAsync(
        LimitOptions? limits = null, TimeProvider? clock = null, TestLog? log = null)
    {
        ITwinStore store = await OpenStoreAsync(limits ?? new LimitOptions(), clock ?? TimeProvider.System, log);
        _opened.Add(store);
        return store;
    }

    /// <summary>Opens a store for some work and closes it.</summary>
    public async Task WhileOpenAsync(Func<ITwinStore, Task> work, TimeProvider? clock = null)
    {
        ITwinStore store = await OpenAsync(clock: clock);
        await work(store);
        await CloseAsync(store);
    }

    /// <summary>Closes a store, as a stop of its process does.</summary>
    public static ValueTask CloseAsync(ITwinStore store) => ((IAsyncDisposable)store).DisposeAsync();

    /// <summary>A store of the same place that nobody opened; it is closed with its home.</summary>
    public ITwinStore NotInitialized(LimitOptions? limits = null, TimeProvider? clock = null)
    {
        ITwinStore store = MakeStore(limits ?? new LimitOptions(), clock ?? TimeProvider.System);
        _opened.Add(store);
        return store;
    }

    /// <summary>Changes the database behind the store's back.</summary>
    public abstract Task<int> ExecuteAsync(string sql);

    /// <summary>Looks into the database behind the store's back.</summary>
    public abstract Task<object?> ReadAsync(string sql);

    public async Task<long> CountAsync(string table) => (long)(await ReadAsync($"SELECT count(*) FROM {table}"))!;

    public async ValueTask DisposeAsync()
    {
        foreach (ITwinStore store in _opened)
        {
            await CloseAsync(store);
        }

        await EndAsync();
    }

    protected abstract Task<ITwinStore> OpenStoreAsync(LimitOptions limits, TimeProvider clock, TestLog? log);

    protected abstract ITwinStore MakeStore(LimitOptions limits, TimeProvider clock);

    /// <summary>Takes the place away; every store of it is closed.</summary>
    protected abstract ValueTask EndAsync();
}

/// <summary>The errors that a store has logged.</summary>
public sealed class TestLog
{
    private readonly FakeLogCollector _records = new();

    public IReadOnlyList<string> Errors =>
        [.. _records.GetSnapshot().Where(record => record.Level == LogLevel.Error).Select(record => record.Message)];

    public ILogger<T> For<T>() => new FakeLogger<T>(_records);
}
