using Microsoft.Extensions.DependencyInjection;
using TwinGrid.Tests.Twins;
using TwinGrid.Twins.Watching;

namespace TwinGrid.Tests.Watching;

/// <summary>Watchers of twins on two silos over a real store: every revision once, whatever happens.</summary>
public sealed class WatchTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    [Fact]
    public async Task A_watcher_is_told_the_twin_and_then_every_revision_once()
    {
        await SendAsync("plain", 1);
        Watcher watcher = await new Watcher(grid.Twin("plain"), "w").AskAsync();
        for (int i = 2; i <= 5; i++)
        {
            await SendAsync("plain", i);
        }

        await watcher.UntilAsync(5);
        Assert.Equal("snapshot 1 2 3 4 5", watcher.Words);
        Assert.Contains("\"revision\":5", watcher.Told[^1].Document.Text, StringComparison.Ordinal);
        Assert.True(await watcher.IsRightAsync());
    }

    [Fact]
    public async Task Watchers_of_a_busy_twin_are_told_the_same_and_every_revision_once()
    {
        await SendAsync("busy", 0);
        Watcher[] watchers = [.. Enumerable.Range(0, 4).Select(i => new Watcher(grid.Twin("busy"), $"w{i}"))];
        await Task.WhenAll(watchers.Select(watcher => watcher.AskAsync()));
        Task load = Task.WhenAll(Enumerable.Range(0, 4).Select(async lane =>
        {
            for (int i = 1; i <= 50; i++)
            {
                await SendAsync("busy", i + (lane * 90));
            }
        }));
        while (!load.IsCompleted)
        {
            await Task.WhenAll(watchers.Select(watcher => watcher.AskAsync(TimeSpan.FromMilliseconds(20))));
        }

        long last = (await grid.Twin("busy").GetAsync())!.Revision;
        foreach (Watcher watcher in watchers)
        {
            await watcher.UntilAsync(last);
            Assert.Equal(watchers[0].Words, watcher.Words);
            Assert.Equal(
                Enumerable.Range(1, (int)last).Select(i => (long)i), watcher.Told.Select(change => change.Revision));
            Assert.True(await watcher.IsRightAsync());
        }
    }

    [Fact]
    public async Task A_twin_that_is_put_away_again_and_again_is_watched_without_a_gap()
    {
        await SendAsync("moving", 1);
        Watcher watcher = await new Watcher(grid.Twin("moving"), "w").AskAsync();
        for (int i = 2; i <= 12; i++)
        {
            Task<Watcher> waiting = watcher.UntilAsync(i);
            await SendAsync("moving", i);
            await waiting;
            await grid.Cluster.DeactivateAsync(grid.Twin("moving"));
        }

        Assert.Equal("snapshot 1 2 3 4 5 6 7 8 9 10 11 12", watcher.Words);
        Assert.True(await watcher.IsRightAsync());
    }

    [Fact]
    public async Task A_watcher_that_comes_back_is_told_from_the_log_what_the_others_were_told_at_the_time()
    {
        await SendAsync("back", 1);
        Watcher present = await new Watcher(grid.Twin("back"), "present").AskAsync();
        for (int i = 2; i <= 40; i++)
        {
            await SendAsync("back", i * 4);
        }

        await present.UntilAsync(40);
        await grid.Twin("back").UnwatchAsync("present");
        Watcher back = await new Watcher(grid.Twin("back"), "back", after: 7).AskAsync();

        Assert.Equal(
            present.Told.Skip(7).Select(change => (change.Revision, change.Document.Text)),
            back.Told.Select(change => (change.Revision, change.Document.Text)));
        Assert.Contains("alarms", present.Told[25].Document.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_store_without_history_does_not_have_is_a_gap_and_a_snapshot()
    {
        for (int i = 1; i <= 5; i++)
        {
            await SendAsync("gone", i);
        }

        // A twin that is put away writes a snapshot: the turns before it are not read.
        await grid.Cluster.DeactivateAsync(grid.Twin("gone"));
        Watcher late = await new Watcher(grid.Twin("gone"), "late", after: 2).AskAsync();
        Assert.Equal("gap 3-5 snapshot 5", late.Words);
        Watcher current = await new Watcher(grid.Twin("gone"), "current", after: 5).AskAsync();
        Assert.Equal("", current.Words);
        Watcher ahead = await new Watcher(grid.Twin("gone"), "ahead", after: 99).AskAsync();
        Assert.Equal("snapshot 5", ahead.Words);
    }

    [Fact]
    public async Task A_watcher_that_is_too_slow_is_told_of_a_gap_and_one_that_is_not_is_not()
    {
        await SendAsync("fast", 0);
        Watcher slow = await new Watcher(grid.Twin("fast"), "slow").AskAsync();
        Watcher quick = await new Watcher(grid.Twin("fast"), "quick").AskAsync();
        for (int i = 1; i <= ChangeFeed.MostChanges + 10; i++)
        {
            await SendAsync("fast", i % 90);
            if (i % 50 == 0)
            {
                await quick.AskAsync();
            }
        }

        long last = ChangeFeed.MostChanges + 11;
        await quick.UntilAsync(last);
        Assert.DoesNotContain("gap", quick.Words, StringComparison.Ordinal);
        await slow.AskAsync();
        Assert.Equal($"snapshot 1 gap 2-{last} snapshot {last}", slow.Words);
        Assert.True(await slow.IsRightAsync());
    }

    [Fact]
    public async Task A_model_that_cannot_explain_itself_stops_neither_a_watched_twin_nor_its_watchers()
    {
        TwinId id = new("fragile", "watched");
        ITwin twin = grid.Twin(id.Key, id.Kind);
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(1));
        Watcher watcher = await new Watcher(twin, "w").AskAsync();
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(7)).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains("'fragile' could not say why", (await twin.GetAsync())!.Predictions["fragile"].Why);
        IngestResult next =
            await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(8)).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((IngestStatus.Accepted, 3L), (next.Status, next.Revision));
        await watcher.UntilAsync(3);
        Assert.Equal("snapshot 1 2 3", watcher.Words);
        Assert.Contains("could not say why", watcher.Told[1].Document.Text, StringComparison.Ordinal);
        Assert.True(await watcher.IsRightAsync());
    }

    [Fact]
    public async Task What_is_not_committed_is_not_told()
    {
        TwinId id = new("fan", "held");
        await SendAsync("held", 1);
        Watcher watcher = await new Watcher(grid.Twin("held"), "w").AskAsync();
        Task<Watcher> waiting = watcher.UntilAsync(2);
        grid.Store.HoldCommits();
        Task<IngestResult> lost = grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(150));
        await grid.Store.HeldAsync(id);
        Assert.False(waiting.IsCompleted);
        grid.Store.FailHeld();
        Assert.Equal(IngestStatus.Unavailable, (await lost).Status);
        await SendAsync("held", 3);
        await waiting;
        Assert.Equal("snapshot 1 2", watcher.Words);
        Assert.DoesNotContain("150", watcher.Told[^1].Document.Text, StringComparison.Ordinal);
        Assert.True(await watcher.IsRightAsync());
    }

    [Fact]
    public async Task A_watch_that_begins_while_a_turn_is_committed_tells_the_next_watcher_of_that_turn_whole()
    {
        grid.Store.CommitDelay = TimeSpan.FromMilliseconds(40);
        try
        {
            for (int i = 0; i < 10; i++)
            {
                string key = $"opening{i}";
                await SendAsync(key, 1);
                Task sending = SendAsync(key, 77);
                await new Watcher(grid.Twin(key), "begins").AskAsync();
                await sending;
                Watcher next = await new Watcher(grid.Twin(key), "next", after: 1).UntilAsync(2);
                Assert.Contains("\"value\":77", next.Told[0].Document.Text, StringComparison.Ordinal);
            }
        }
        finally
        {
            grid.Store.CommitDelay = TimeSpan.Zero;
        }
    }

    [Fact]
    public async Task A_twin_that_is_deleted_ends_its_watch_and_one_that_begins_anew_is_told_whole()
    {
        await SendAsync("mortal", 1);
        Watcher waits = await new Watcher(grid.Twin("mortal"), "waits").AskAsync();
        Watcher looks = await new Watcher(grid.Twin("mortal"), "looks").AskAsync();
        Task<Watcher> waiting = waits.AskAsync(TimeSpan.FromSeconds(20));
        await grid.Twin("mortal").DeleteAsync(eraseHistory: false);
        await waiting;
        await looks.AskAsync();
        Assert.Equal(("snapshot 1 deleted 2", "snapshot 1 deleted 2"), (waits.Words, looks.Words));
        await looks.AskAsync();
        Assert.Equal(WatchRefusal.UnknownTwin, looks.Refusal);

        await SendAsync("mortal", 5);
        Watcher again = await new Watcher(grid.Twin("mortal"), "again", after: 2).AskAsync();
        Assert.Equal("snapshot 3", again.Words);
        Assert.True(await again.IsRightAsync());
    }

    [Fact]
    public async Task Watchers_that_ask_while_the_end_of_the_twin_is_committed_hear_of_it()
    {
        grid.Store.CommitDelay = TimeSpan.FromMilliseconds(40);
        try
        {
            for (int i = 0; i < 10; i++)
            {
                string key = $"ending{i}";
                await SendAsync(key, 1);
                Watcher watcher = await new Watcher(grid.Twin(key), "w").AskAsync();
                Task<bool> ending = grid.Twin(key).DeleteAsync(eraseHistory: false);
                await watcher.UntilAsync(2);
                Assert.True(await ending);
                Assert.Equal("snapshot 1 deleted 2", watcher.Words);
            }
        }
        finally
        {
            grid.Store.CommitDelay = TimeSpan.Zero;
        }
    }

    [Fact]
    public async Task Watching_does_not_create()
    {
        Watcher nobody = await new Watcher(grid.Twin("nobody"), "w").AskAsync();
        Assert.Equal(WatchRefusal.UnknownTwin, nobody.Refusal);
        Assert.Null(await grid.Twin("nobody").GetAsync());
    }

    [Fact]
    public async Task A_twin_has_at_most_64_watchers_and_one_that_goes_makes_room()
    {
        await SendAsync("popular", 1);
        Watcher[] watchers = [.. Enumerable.Range(0, 65).Select(i => new Watcher(grid.Twin("popular"), $"w{i}"))];
        foreach (Watcher watcher in watchers)
        {
            await watcher.AskAsync();
        }

        Assert.All(watchers[..64], watcher => Assert.Equal(WatchRefusal.None, watcher.Refusal));
        Assert.Equal(WatchRefusal.TooManyOfTwin, watchers[64].Refusal);
        await grid.Twin("popular").UnwatchAsync("w7");
        await watchers[64].UntilAsync(1);
        Assert.Equal("snapshot 1", watchers[64].Words);
    }

    [Fact]
    public async Task Nothing_is_kept_for_a_twin_that_nobody_watches_any_more()
    {
        TwinId id = grid.TwinOn(1, "left");
        ITwin twin = grid.Twin(id.Key);
        WatchBudget budget = grid.Cluster.GetSiloServiceProvider(grid.Cluster.Silos[1].SiloAddress)
            .GetRequiredService<WatchBudget>();
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(1));
        Watcher watcher = await new Watcher(twin, "w").AskAsync();
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(2));
        await watcher.AskAsync();
        Assert.Equal("snapshot 1 2", watcher.Words);
        await twin.UnwatchAsync("w");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(3));

        // What is told then comes from the log, by a feed with another name.
        Watcher back = await new Watcher(twin, "w", after: 1).AskAsync();
        Assert.Equal("2 3", back.Words);
        Assert.NotEqual(watcher.Token, back.Token);
        Assert.False(budget.IsOver);
    }

    private async Task SendAsync(string key, double value) => Assert.Equal(
        IngestStatus.Accepted,
        (await grid.Road(0).IngestAsync(new TwinId("fan", key), TwoSiloGrid.Speed(value))).Status);
}
