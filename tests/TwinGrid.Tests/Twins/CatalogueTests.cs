using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.Tests.Twins;

/// <summary>Which twins the grid lists, asked at either of two silos.</summary>
public sealed class CatalogueTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    [Fact]
    public async Task A_twin_is_listed_by_every_silo_when_its_first_reading_is_acknowledged()
    {
        for (int i = 0; i < 20; i++)
        {
            TwinId id = new("lamp", $"l{i:00}");
            await grid.Road(i % 2).IngestAsync(id, TwoSiloGrid.Speed(i));
            Assert.Equal(id.ToString(), (await ListAsync(0, "lamp"))[^1]);
            Assert.Equal(id.ToString(), (await ListAsync(1, "lamp"))[^1]);
        }
    }

    [Fact]
    public async Task Pages_of_active_and_inactive_twins_are_whole_and_in_order()
    {
        TwinId[] twins = [.. Enumerable.Range(0, 300).Select(i => new TwinId("door", $"d{i}"))];
        await Task.WhenAll(twins.Select((id, i) => grid.Road(i % 2).IngestAsync(id, TwoSiloGrid.Speed(i))));
        foreach (TwinId id in twins.Where((_, i) => i % 3 == 0))
        {
            await grid.Cluster.DeactivateAsync(grid.Twin(id.Key, "door"));
        }

        IEnumerable<string> ordered = twins.Order().Select(id => id.ToString());
        Assert.Equal(ordered, await ListAsync(0, "door", limit: 7));
        Assert.Equal(ordered, await ListAsync(1, "door", limit: 1_000));
        Assert.Superset(ordered.ToHashSet(), (await ListAsync(0, null)).ToHashSet());
    }

    [Fact]
    public async Task A_deleted_twin_is_in_no_listing_and_in_all_when_it_comes_again()
    {
        foreach (string key in (string[])["a", "b", "c"])
        {
            await grid.Road(0).IngestAsync(new TwinId("bell", key), TwoSiloGrid.Speed(1));
        }

        Assert.True(await grid.Twin("b", "bell").DeleteAsync(eraseHistory: false));
        Assert.Equal(["bell/a", "bell/c"], await ListAsync(0, "bell"));
        Assert.Equal(["bell/a", "bell/c"], await ListAsync(1, "bell", limit: 1));

        // The store leaves it out by itself: no activation says so.
        IReadOnlyList<TwinId> stored = await grid.Store.ReadTwinsAsync("bell", null, 10, CancellationToken.None);
        Assert.Equal([new TwinId("bell", "a"), new TwinId("bell", "c")], stored);

        await grid.Road(1).IngestAsync(new TwinId("bell", "b"), TwoSiloGrid.Speed(2));
        Assert.Equal(["bell/a", "bell/b", "bell/c"], await ListAsync(0, "bell"));
        Assert.Equal(["bell/a", "bell/b", "bell/c"], await ListAsync(1, "bell"));
    }

    [Fact]
    public async Task What_no_first_turn_made_is_not_listed_whatever_the_store_says()
    {
        TwinId ghost = new("ghost", "g");
        TwinTurn unmade = new()
        {
            Twin = ghost,
            Revision = 1,
            Time = 1,
            FoldVersion = 1,
            Inputs = new byte[] { 0xFF },
        };
        await grid.Store.CommitAsync([unmade], [], CancellationToken.None);
        await grid.Road(0).IngestAsync(new TwinId("ghost", "h"), TwoSiloGrid.Speed(1));

        // It cannot even be read: the others are listed all the same.
        Assert.Equal(["ghost/h"], await ListAsync(0, "ghost"));
    }

    [Fact]
    public async Task A_cursor_of_nothing_is_refused()
    {
        await Assert.ThrowsAsync<TwinGridException>(() => Fleet(0).ListAsync(null, "no cursor", 10));
    }

    private async Task<List<string>> ListAsync(int silo, string? kind, int limit = 100)
    {
        List<string> ids = [];
        string? cursor = null;
        do
        {
            TwinPage page = await Fleet(silo).ListAsync(kind, cursor, limit);
            ids.AddRange(page.Items.Select(item => item.Id));
            cursor = page.Cursor;
        }
        while (cursor is not null);
        return ids;
    }

    private ITwinFleet Fleet(int silo) => grid.Cluster
        .GetSiloServiceProvider(grid.Cluster.Silos[silo].SiloAddress)
        .GetRequiredService<IGrainFactory>()
        .GetGrain<ITwinFleet>(TwinId.DefaultTenant);
}
