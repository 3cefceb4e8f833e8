using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace TwinGrid.Tests.Twins;

/// <summary>Twins that rest while their store is away.</summary>
public sealed class AwayStoreTests(AwayStoreTests.ListeningGrid grid) : IClassFixture<AwayStoreTests.ListeningGrid>
{
    [Fact]
    public async Task Who_reads_a_resting_twin_hears_so_and_the_log_is_not_filled_with_stacks()
    {
        TwinId id = grid.TwinOn(0, "read-while-away");
        await new Sender(grid.Road(0), id).Send().Result;
        await grid.Cluster.DeactivateAsync(grid.Twin(id.Key));
        grid.Log.Clear();
        grid.Store.IsAway = true;
        try
        {
            Task<TwinSnapshot?>[] readers = [.. Enumerable.Range(0, 20).Select(_ => grid.Twin(id.Key).GetAsync())];
            foreach (Task<TwinSnapshot?> reader in readers)
            {
                TwinGridUnavailableException refusal = await Assert.ThrowsAsync<TwinGridUnavailableException>(
                    () => reader.WaitAsync(TimeSpan.FromSeconds(20)));
                Assert.Contains("does not answer", refusal.Message, StringComparison.Ordinal);
            }
        }
        finally
        {
            grid.Store.IsAway = false;
        }

        Assert.DoesNotContain(
            grid.Log.GetSnapshot(), record => record.Level >= LogLevel.Warning && record.Exception is not null);
        Assert.Equal(IngestStatus.Accepted, (await new Sender(grid.Road(0), id).Send().Result).Status);
        Assert.NotNull(await grid.Twin(id.Key).GetAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task What_comes_for_a_resting_twin_waits_for_a_moment_and_keeps_its_order(int silo)
    {
        TwinId id = grid.TwinOn(silo, $"sent-while-away{silo}-");
        Sender sender = new(grid.Road(0), id);
        await sender.Send().Result;
        await grid.Cluster.DeactivateAsync(grid.Twin(id.Key));
        int loads = grid.Store.Loads;
        grid.Store.IsAway = true;
        for (int i = 0; i < 50; i++)
        {
            sender.Send();
        }

        await Wait.UntilAsync(() => grid.Store.Loads >= loads + 2);
        grid.Store.IsAway = false;
        await sender.AnsweredAsync();
        Assert.All(sender.All, message => Assert.Equal((1, IngestStatus.Accepted), (message.Times, message.Status)));
        Assert.Equal(sender.All.Select(m => m.Number), sender.Told.Select(m => m.Number));
        TwinSnapshot twin = (await grid.Twin(id.Key).GetAsync())!;
        Assert.Equal((51L, 0L, 0L), (twin.Counters.Readings, twin.Counters.Late, twin.Counters.Duplicates));
    }

    [Fact]
    public Task What_comes_for_a_resting_twin_is_refused_where_the_store_stays_away() =>
        grid.RefusesAllAsync("refused-while-away", 50, isAway => grid.Store.IsAway = isAway);

    /// <summary>A grid that writes down what is logged with an exception.</summary>
    public sealed class ListeningGrid : TwoSiloGrid
    {
        internal FakeLogCollector Log { get; } = new();

        protected override void Configure(ISiloBuilder silo) => silo.Services.AddLogging(
            logging => logging.AddProvider(new FakeLoggerProvider(Log)));
    }
}
