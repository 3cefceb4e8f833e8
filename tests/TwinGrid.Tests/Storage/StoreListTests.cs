using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage;

/// <summary>Which twins a store lists, and in which order.</summary>
public abstract class StoreListTests<THome> : IAsyncLifetime
    where THome : StoreHome, new()
{
    private readonly THome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _home.DisposeAsync();
    }

    [Fact]
    public async Task Twins_are_listed_by_kind_then_key_by_the_bytes_of_both_also_after_a_restart()
    {
        // ASCII: '-' 2D, '.' 2E, '0' 30, '@' 40, 'A' 41, '_' 5F, 'a' 61, '~' 7E; a shorter one before a longer one.
        TwinId[] ordered =
        [
            new("Pump", "z"), new("pump", "-"), new("pump", "..."), new("pump", "0"), new("pump", "10"),
            new("pump", "2"), new("pump", "@"), new("pump", "A"), new("pump", "_"), new("pump", "a"),
            new("pump", "a0"), new("pump", "~"), new("pump-2", "0"), new("pump.2", "0"), new("pumpe", "0"),
        ];
        await _home.WhileOpenAsync(store => store.Commit([.. ordered.Reverse().Select(t => First(t))]));

        ITwinStore store = await _home.OpenAsync();

        Assert.Equal(ordered, await List(store));
        Assert.Equal(ordered, await ListInPages(store, null, 1));
        Assert.Equal(ordered, await ListInPages(store, null, 4));
        Assert.Equal(ordered[1..12], await ListInPages(store, "pump", 3));
        Assert.Equal([ordered[12]], await List(store, "pump-2"));
        Assert.Empty(await List(store, "pum"));
    }

    [Fact]
    public async Task A_page_of_a_kind_begins_after_any_id_whether_it_exists_or_not()
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId[] pumps = [new("pump", "a"), new("pump", "c")];
        TwinId valve = new("valve", "a");
        await store.Commit([.. pumps.Append(valve).Select(t => First(t))]);

        Assert.Equal([pumps[1]], await List(store, "pump", new TwinId("pump", "b")));
        Assert.Equal(pumps, await List(store, "pump", new TwinId("fan", "z")));
        Assert.Empty(await List(store, "pump", new TwinId("valve", "a")));
        Assert.Equal([pumps[1], valve], await List(store, null, new TwinId("pump", "b")));
        Assert.Empty(await List(store, null, valve));
    }

    [Fact]
    public async Task A_deleted_twin_is_not_listed_until_it_comes_to_be_again()
    {
        TwinId other = new("turbine", "t08");
        await _home.WhileOpenAsync(async store =>
        {
            await store.Commit(First(Turbine), First(other));
            await store.Commit(Turn(Turbine, 2) with { Exists = false }, Turn(other, 2));
            Assert.Equal([other], await List(store));

            await store.Commit(Turn(Turbine, 3));
            Assert.Equal([other], await List(store));
        });

        ITwinStore again = await _home.OpenAsync();
        Assert.Equal([other], await List(again));

        await again.Commit(Turn(Turbine, 4) with { Exists = true });
        Assert.Equal([Turbine, other], await List(again));
    }

    [Fact]
    public async Task What_a_group_does_to_a_twin_last_decides_whether_it_is_listed()
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId gone = new("turbine", "t08");

        await store.Commit(
            First(Turbine), Turn(Turbine, 2) with { Exists = false }, Turn(Turbine, 3) with { Exists = true },
            First(gone), Turn(gone, 2) with { Exists = false });

        Assert.Equal([Turbine], await List(store));
    }

    [Fact]
    public async Task A_fenced_turn_changes_no_listing()
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId unheard = new("turbine", "unheard");
        await store.Commit(First(Turbine), Turn(Turbine, 2));

        IReadOnlyList<CommitOutcome> outcomes = await store.Commit(
            Turn(Turbine, 2) with { Exists = false }, Turn(unheard, 2) with { Exists = true });

        Assert.Equal([CommitOutcome.Fenced, CommitOutcome.Fenced], outcomes);
        Assert.Equal([Turbine], await List(store));
    }

    [Fact]
    public async Task Deletions_in_a_large_group_are_noted_like_in_a_small_one()
    {
        ITwinStore store = await _home.OpenAsync();
        TwinId[] twins = [.. Enumerable.Range(0, 600).Select(i => new TwinId("pump", $"p{i:000}"))];
        await store.Commit([.. twins.Select(t => First(t))]);

        await store.Commit([.. twins.Select((t, i) => Turn(t, 2) with { Exists = i % 2 == 0 ? false : null })]);

        Assert.Equal(twins.Where((_, i) => i % 2 == 1), await ListInPages(store, "pump", 100));
    }

    private static TwinTurn First(TwinId twin) => Turn(twin, 1) with { Exists = true };

    private static Task<IReadOnlyList<TwinId>> List(ITwinStore store, string? kind = null, TwinId? after = null) =>
        store.ReadTwinsAsync(kind, after, 1_000, CancellationToken.None);

    private static async Task<List<TwinId>> ListInPages(ITwinStore store, string? kind, int limit)
    {
        List<TwinId> all = [];
        IReadOnlyList<TwinId> page;
        do
        {
            TwinId? after = all.Count == 0 ? null : all[^1];
            page = await store.ReadTwinsAsync(kind, after, limit, CancellationToken.None);
            Assert.True(page.Count <= limit);
            all.AddRange(page);
        }
        while (page.Count == limit);
        return all;
    }
}
