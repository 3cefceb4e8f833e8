using Microsoft.Extensions.Time.Testing;
using TwinGrid.Tests.Storage;
using TwinGrid.Twins.History;

namespace TwinGrid.Tests.Twins.History;

/// <summary>Questions that go on where the one before them had folded to.</summary>
public sealed class FoldedTailTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>, IAsyncLifetime
{
    private static readonly HistoryQuery All = new() { Limit = 100_000 };

    private readonly SqliteHome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Questions_again_and_again_are_answered_as_if_each_were_the_first()
    {
        for (int seed = 1; seed <= 6; seed++)
        {
            ITwinStore store = await OpenAsync();
            LivedTwin twin = new(store, grid.Cluster.Client, $"asked{seed}", seed);
            FoldedTails tails = new();
            for (int i = 0; i < 12; i++)
            {
                await twin.LiveAsync(17);
                await ShouldAnswerAlikeAsync(store, twin, tails, seed);
            }

            await store.EraseAsync(twin.Twin, twin.States.Keys.Max() - 5, CancellationToken.None);
            await ShouldAnswerAlikeAsync(store, twin, tails, seed);
            StoredLog log = (await store.ReadLogAsync(twin.Twin, CancellationToken.None))!;
            Assert.Equal(log.Head, tails.Take(twin.Twin, log.Sealed)!.Revision);
        }
    }

    [Fact]
    public async Task Tails_that_nobody_asked_for_longest_go_where_there_is_no_room()
    {
        ITwinStore store = await OpenAsync();
        LivedTwin twin = new(store, grid.Cluster.Client, "crowded", 3);
        await twin.LiveAsync(10);
        StoredLog log = (await store.ReadLogAsync(twin.Twin, CancellationToken.None))!;
        FoldedTail[] three = [.. await Task.WhenAll(Enumerable.Range(0, 3).Select(i =>
            FoldedTail.BeginAsync(new TwinId("crowded", $"c{i}"), log, twin.Kinds)))];
        FoldedTails tails = new(mostBytes: (2 * three[0].Bytes) + 1);

        Array.ForEach(three, tails.Put);

        Assert.Null(tails.Take(three[0].Twin, log.Sealed));
        Assert.Same(three[1], tails.Take(three[1].Twin, log.Sealed));
        Assert.Null(tails.Take(three[1].Twin, log.Sealed));
        Assert.Null(tails.Take(three[2].Twin, log.Sealed + 1));
    }

    private Task<ITwinStore> OpenAsync() => _home.OpenAsync(
        new LimitOptions { HistoryKeep = TimeSpan.FromDays(3_650) },
        new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero)));

    private static async Task ShouldAnswerAlikeAsync(ITwinStore store, LivedTwin twin, FoldedTails tails, int seed)
    {
        HistoryPage known = (await twin.BookOf(tails).ReadAsync(twin.Twin, All))!;
        HistoryPage anew = (await twin.Book.ReadAsync(twin.Twin, All))!;
        Assert.Equal(anew.Telemetry.Keys.Order(), known.Telemetry.Keys.Order());
        foreach ((string telemetry, IReadOnlyList<HistoryReading> readings) in anew.Telemetry)
        {
            Assert.True(readings.SequenceEqual(known.Telemetry[telemetry]), $"seed {seed}: {telemetry}");
        }

        Assert.Equal(anew.Oldest, known.Oldest);
    }
}
