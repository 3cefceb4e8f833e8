using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.Tests.Twins;
using TwinGrid.Twins.Watching;

namespace TwinGrid.Tests.Watching;

/// <summary>What is kept of a watched twin, and for whom.</summary>
public sealed class ChangeFeedTests : IDisposable
{
    private readonly FoldRig _pump = new();
    private readonly FakeTimeProvider _clock = new();
    private ServiceProvider? _services;

    [Fact]
    public void Of_a_twin_256_changes_are_kept()
    {
        ChangeFeed feed = Feed(new LimitOptions());
        Turn(feed, 300);
        Assert.True(feed.Holds(301 - 256));
        Assert.False(feed.Holds(301 - 256 - 1));
        Assert.Equal(256, feed.After(45).Count);
    }

    [Fact]
    public void Where_too_much_waits_for_all_watchers_only_the_newest_change_is_kept()
    {
        ChangeFeed feed = Feed(new LimitOptions { WatchBufferBytes = 1 });
        Turn(feed, 5);
        Assert.True(feed.Holds(5));
        Assert.False(feed.Holds(4));
        Assert.Equal(6, Assert.Single(feed.After(5)).Revision);
    }

    [Fact]
    public void Bytes_and_places_are_given_back_with_the_last_watcher()
    {
        ChangeFeed feed = Feed(new LimitOptions { Watchers = 1, WatchBufferBytes = 100 });
        Assert.Equal(WatchRefusal.None, feed.Enter("a"));
        Assert.Equal(WatchRefusal.None, feed.Enter("a"));
        Assert.Equal(WatchRefusal.TooMany, feed.Enter("b"));
        Turn(feed, 3);
        WatchBudget budget = _services!.GetRequiredService<WatchBudget>();
        Assert.True(budget.IsOver);
        Assert.True(feed.Leave("a"));
        feed.Close();
        Assert.False(budget.IsOver);
        Assert.True(budget.TryEnter());
    }

    [Fact]
    public async Task Watchers_that_went_without_a_word_free_their_places_although_nothing_happens_to_the_twin()
    {
        ChangeFeed feed = Feed(new LimitOptions { Watchers = 2 });
        WatchBudget budget = _services!.GetRequiredService<WatchBudget>();
        feed.Enter("vanished");
        feed.Enter("faithful");
        Task left = feed.ForgetVanishedAsync();
        Assert.False(budget.TryEnter());

        _clock.Advance(TimeSpan.FromSeconds(50));
        feed.Enter("faithful");
        _clock.Advance(TimeSpan.FromSeconds(11));
        await Wait.UntilAsync(budget.TryEnter);
        Assert.True(feed.Knows("faithful"));
        Assert.False(left.IsCompleted);

        await Wait.UntilAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(61));
            return left.IsCompleted;
        });
        Assert.False(feed.Knows("faithful"));
    }

    [Fact]
    public void A_watcher_that_went_without_a_word_makes_room_after_a_minute()
    {
        ChangeFeed feed = Feed(new LimitOptions { WatchersPerTwin = 1 });
        feed.Enter("a");
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(WatchRefusal.TooManyOfTwin, feed.Enter("b"));
        Assert.False(feed.IsAbandoned);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(feed.IsAbandoned);
        Assert.Equal(WatchRefusal.None, feed.Enter("b"));
    }

    public void Dispose() => _services?.Dispose();

    private ChangeFeed Feed(LimitOptions limits)
    {
        _pump.Number(0, 20);
        _services = new ServiceCollection()
            .AddSingleton<WatchBudget>()
            .AddOptions()
            .Configure<LimitOptions>(options =>
            {
                options.Watchers = limits.Watchers;
                options.WatchersPerTwin = limits.WatchersPerTwin;
                options.WatchBufferBytes = limits.WatchBufferBytes;
            })
            .BuildServiceProvider();
        return new ChangeFeed(_pump.State, _services.GetRequiredService<WatchBudget>(), _clock);
    }

    private void Turn(ChangeFeed feed, int times)
    {
        for (int i = 1; i <= times; i++)
        {
            _pump.Number(i, i);
            feed.Add(_pump.State);
        }
    }
}
