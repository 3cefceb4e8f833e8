using TwinGrid.Storage.PostgreSql;
using static TwinGrid.Tests.Storage.StoreDirectory;

namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>A fleet that comes at once: twins that wait for the same connections are read together.</summary>
public sealed class PostgreSqlLoadTests : IAsyncLifetime
{
    private const int Many = 300;

    private readonly PostgreSqlHome _home = new();

    public ValueTask InitializeAsync() => _home.InitializeAsync();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Twins_that_are_read_together_are_each_what_they_are_alone()
    {
        ITwinStore store = await _home.OpenAsync();
        for (int i = 0; i < Many; i += 2)
        {
            await store.Commit([.. Enumerable.Range(1, 1 + (i % 5)).Select(r => Turn(Twin(i), r, $"{r} of {i}"))]);
        }

        await store.Commit([.. Enumerable.Range(0, Many / 10).Select(i => Snapshot(Twin(10 * i), 1, $"state {i}"))]);
        await store.EraseAsync(Twin(4), 3, CancellationToken.None);

        // Twice, so that a twin is also asked for by two at once; every second one is not known.
        int[] asked = [.. Enumerable.Range(0, Many), .. Enumerable.Range(0, Many)];
        StoredTwin[] together = await Task.WhenAll(asked.Select(i => store.Load(Twin(i))));

        foreach ((int i, StoredTwin twin) in asked.Zip(together))
        {
            string[] turns = i % 2 == 1 ? [] : [.. Enumerable.Range(1, 1 + (i % 5)).Select(r => $"{r} of {i}")];
            string[] kept = i == 4 ? turns[2..] : i % 10 == 0 ? turns[1..] : turns;
            Assert.Equal(kept, twin.Tail.Select(turn => turn.Inputs.Text()));
            Assert.All(twin.Tail, turn => Assert.Equal(Twin(i), turn.Twin));
            Assert.Equal(i % 10 == 0 ? $"state {i / 10}" : null, twin.Snapshot?.State.Text());
        }
    }

    [Fact]
    public async Task One_that_is_damaged_does_not_keep_those_beside_it_from_being_read()
    {
        ITwinStore store = await _home.OpenAsync();
        await store.Commit([.. Enumerable.Range(0, Many).Select(i => Turn(Twin(i), 1, $"{i}"))]);
        await _home.ExecuteAsync(
            "UPDATE turn SET inputs = 'others' WHERE twin_id = (SELECT twin_id FROM twin WHERE key = 'p7')");

        Task<StoredTwin>[] together = [.. Enumerable.Range(0, Many).Select(i => store.Load(Twin(i)))];

        TwinDamagedException refused = await Assert.ThrowsAsync<TwinDamagedException>(() => together[7]);
        Assert.Contains("pump/p7", refused.Message, StringComparison.Ordinal);
        for (int i = 0; i < Many; i++)
        {
            if (i != 7)
            {
                Assert.Equal($"{i}", Assert.Single((await together[i]).Tail).Inputs.Text());
            }
        }
    }

    [Fact]
    public async Task Who_stops_waiting_keeps_nobody_else_from_the_answer()
    {
        ITwinStore store = await _home.OpenAsync();
        using CancellationTokenSource gone = new();
        Task<StoredTwin>[] together =
        [
            .. Enumerable.Range(0, Many).Select(i => store.LoadAsync(
                Twin(i), i % 2 == 0 ? gone.Token : CancellationToken.None)),
        ];
        await gone.CancelAsync();

        StoredTwin[] others = await Task.WhenAll(together.Where((_, i) => i % 2 == 1));
        Assert.All(others, twin => Assert.Empty(twin.Tail));
    }

    private static TwinId Twin(int number) => new("pump", $"p{number}");
}
