using Microsoft.Extensions.Time.Testing;
using TwinGrid.Twins.Committing;

namespace TwinGrid.Tests.Twins;

/// <summary>When a store that refuses commits makes a process not ready.</summary>
public sealed class CommitHealthTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly FakeTimeProvider _clock = new();
    private readonly CommitHealth _health;

    public CommitHealthTests() => _health = new CommitHealth(_clock);

    [Fact]
    public void A_store_that_refuses_for_longer_than_a_moment_is_told_of_until_it_takes_a_commit()
    {
        Assert.Null(_health.FindRefusal(s_patience));
        Refuse(seconds: 0, "the disk is full");
        Refuse(seconds: 1.9, "the disk is full");
        Assert.Null(_health.FindRefusal(s_patience));
        Refuse(seconds: 0.1, "the disk is full still");
        Assert.Equal("the disk is full still", _health.FindRefusal(s_patience));
        _health.Taken();
        Assert.Null(_health.FindRefusal(s_patience));
        Refuse(seconds: 0, "again");
        Assert.Null(_health.FindRefusal(s_patience));
    }

    [Fact]
    public void A_store_that_refused_once_and_was_asked_no_more_may_be_well_again()
    {
        Refuse(seconds: 0, "a commit of unknown outcome");
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(_health.FindRefusal(s_patience));
    }

    private void Refuse(double seconds, string reason)
    {
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        _health.Refused(reason);
    }
}
