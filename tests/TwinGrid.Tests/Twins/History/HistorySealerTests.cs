using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.Tests.Simulation;
using TwinGrid.Twins.History;

namespace TwinGrid.Tests.Twins.History;

/// <summary>What is sealed in the background, and by whom.</summary>
public sealed class HistorySealerTests
{
    private static readonly TwinId s_twin = new(SimulatedKind.Name, "e0");

    private readonly FakeTimeProvider _clock = new();
    private readonly FakeLogger<HistorySealer> _log = new();
    private readonly ConcurrentQueue<TwinId> _asked = new();
    private volatile bool _isAway;

    [Fact]
    public async Task While_the_store_is_away_what_is_to_be_sealed_waits_and_the_log_says_so_once()
    {
        _isAway = true;
        await using HistorySealer sealer = Sealer(static _ => true);
        sealer.Start();
        sealer.Note(s_twin, 1);
        for (int i = 0; i < 20; i++)
        {
            int asked = _asked.Count;
            await Wait.UntilAsync(() =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return _asked.Count > asked;
            });
        }

        // One line each of what is to be sealed, dropped and freed; no stack.
        Assert.InRange(_log.Collector.Count, 1, 3);
        Assert.All(
            _log.Collector.GetSnapshot(),
            entry => Assert.Equal((LogLevel.Warning, null), (entry.Level, entry.Exception)));
        _asked.Clear();
        _isAway = false;
        await Wait.UntilAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return _asked.Contains(s_twin);
        });
        Assert.InRange(_log.Collector.Count, 1, 3);
    }

    [Fact]
    public async Task Of_silos_that_share_a_store_each_looks_for_its_own_twins()
    {
        await using HistorySealer sealer = Sealer(static twin => twin == s_twin);
        await sealer.LookOnceAsync(CancellationToken.None);
        Assert.Equal([s_twin], _asked);
    }

    private HistorySealer Sealer(Func<TwinId, bool> isOurs) => new(
        Stub.Of<ITwinStore>((method, arguments) => method.Name switch
        {
            "get_KeepsHistory" => true,
            nameof(ITwinStore.ReadUnsealedAsync) => Unsealed(),
            nameof(ITwinStore.ReadLogAsync) => ReadLog((TwinId)arguments[0]!),
            nameof(ITwinStore.DropExpiredAsync) => Answer(0),
            nameof(ITwinStore.ReclaimAsync) => Answer(false),
            _ => throw new NotSupportedException(method.Name),
        }),
        SimulatedKind.Registry,
        isOurs,
        new FixedLimits(new LimitOptions()),
        _clock,
        _log);

    private static async IAsyncEnumerable<TwinId> Unsealed()
    {
        await Task.CompletedTask;
        yield return new TwinId(SimulatedKind.Name, "of-another");
        yield return s_twin;
    }

    private Task<StoredLog?> ReadLog(TwinId twin)
    {
        _asked.Enqueue(twin);
        return Answer<StoredLog?>(null);
    }

    private Task<T> Answer<T>(T value) => _isAway
        ? Task.FromException<T>(new TwinGridUnavailableException("The store does not answer."))
        : Task.FromResult(value);
}
