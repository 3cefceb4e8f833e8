using TwinGrid.FaultTests.Checking;

namespace TwinGrid.Tests.FaultChecking;

/// <summary>The checker of the fault harness sees each wrong, and none where there is none.</summary>
public sealed class CheckerTests
{
    private readonly Story _story = new();

    [Fact]
    public void A_story_without_a_wrong_is_clean() => Assert.Empty(_story.Judge().Violations);

    [Fact]
    public void C1_what_was_acknowledged_and_is_not_in_the_log_is_lost()
    {
        _story.Log.RemoveAt(5);
        _story.Renumber();

        Assert.Equal(3, _story.Judge().Lost);
    }

    [Fact]
    public void C1_a_twin_that_is_gone_has_lost_all()
    {
        _story.Log.Clear();
        _story.Final = null;

        Assert.Equal(31, _story.Judge().Lost);
    }

    [Fact]
    public void C1_what_was_not_acknowledged_may_be_missing()
    {
        _story.History.Attempt(Story.Message(10), Story.At(10));

        Assert.True(_story.Judge().IsClean);
    }

    [Fact]
    public void C2_a_reading_that_was_applied_under_two_numbers_was_applied_twice()
    {
        Measurement again = Story.Message(4) with { FirstSeq = 1_000 };
        _story.Log.Add(Story.Turn(_story.Log.Count + 1, again));

        Assert.Equal(3, _story.Judge().Duplicated);
    }

    [Fact]
    public void C2_a_twin_that_counts_more_than_its_log_has_applied_some_twice()
    {
        _story.Final = _story.Final! with { Count = 33 };

        Verdict verdict = _story.Judge();

        Assert.Equal(3, verdict.Duplicated);
        Assert.Equal(1, verdict.Divergent);
    }

    [Fact]
    public void C3_a_reading_that_nobody_measured_is_a_phantom()
    {
        _story.Log.Add(Story.Turn(_story.Log.Count + 1, Story.Message(50)));

        Assert.Equal(3, _story.Judge().Phantom);
    }

    [Fact]
    public void C3_a_reading_with_another_time_than_it_was_measured_at_is_a_phantom()
    {
        _story.Log[^1] = Story.Turn(_story.Log.Count, new Measurement(Publisher.Late, 1, 1, 1, 1, FirstTime: 77));

        Assert.Equal(1, _story.Judge().Phantom);
    }

    [Fact]
    public void C4_a_reading_that_was_applied_after_a_later_one_is_out_of_order()
    {
        (_story.Log[6], _story.Log[7]) = (_story.Log[7], _story.Log[6]);
        _story.Renumber();

        Assert.Equal(3, _story.Judge().OutOfOrder);
    }

    [Fact]
    public void C4_a_revision_that_does_not_follow_is_out_of_order()
    {
        _story.Log[^1] = _story.Log[^1] with { Revision = _story.Log.Count + 1 };

        Assert.Equal(1, _story.Judge().OutOfOrder);
    }

    [Fact]
    public void C5_a_twin_that_lacks_a_turn_of_its_log_is_not_its_log()
    {
        _story.Final = _story.Final! with { Count = 27, Number = 27, Readings = 31 };

        Assert.Equal(1, _story.Judge().Divergent);
    }

    [Fact]
    public void C5_a_late_value_over_a_newer_one_is_not_its_log()
    {
        _story.Final = _story.Final! with { Number = -1, Count = 31 };

        Assert.Equal(1, _story.Judge().Divergent);
    }

    [Theory]
    [InlineData(30, 464)]
    [InlineData(31, 463)]
    public void C5_a_history_that_adds_up_to_something_else_is_not_its_log(long count, long sum)
    {
        _story.Final = _story.Final! with { HistoryCount = count, HistorySum = sum };

        Assert.Equal(1, _story.Judge().Divergent);
    }

    [Fact]
    public void C6_a_read_that_misses_what_was_acknowledged_before_it_began_is_stale()
    {
        // Message 9 was acknowledged at 1,050; shown is message 8, of revision 10.
        _story.History.Read(Story.Seen(1_200, message: 8, revision: 10));

        Assert.True(_story.Judge().StaleReads > 0);
    }

    [Fact]
    public void C6_a_read_under_way_during_the_acknowledgement_may_show_either()
    {
        _story.History.Read(Story.Seen(1_045, message: 8, revision: 10));

        Assert.True(_story.Judge().IsClean);
    }

    [Fact]
    public void C6_a_read_that_goes_back_behind_one_that_was_over_is_stale()
    {
        // Both between sending and acknowledgement of message 9: only their order tells.
        _story.History.Read(Story.Seen(1_001, message: 9, revision: 11));
        _story.History.Read(Story.Seen(1_020, message: 8, revision: 10));

        Assert.Equal(1, _story.Judge().StaleReads);
    }

    [Fact]
    public void C6_a_read_of_what_was_not_sent_yet_is_wrong()
    {
        _story.History.Read(Story.Seen(920, message: 9, revision: 11));

        Assert.True(_story.Judge().StaleReads > 0);
    }

    [Fact]
    public void C6_a_read_that_shows_another_state_than_the_log_at_its_revision_is_wrong()
    {
        _story.History.Read(new SeenRead(1_070, 1_080, Revision: 11, Number: 30, Count: 29, Durable: true));

        Assert.Equal(1, _story.Judge().StaleReads);
    }

    [Fact]
    public void C6_a_read_of_a_revision_that_never_was_is_wrong()
    {
        _story.History.Read(new SeenRead(1_200, 1_210, Revision: 99, Number: 30, Count: 30, Durable: true));

        Assert.Equal(1, _story.Judge().StaleReads);
    }

    [Fact]
    public void C6_a_read_that_says_that_it_may_not_survive_promises_nothing()
    {
        _story.History.Read(new SeenRead(1_200, 1_210, Revision: 99, Number: 40, Count: 40, Durable: false));

        Assert.True(_story.Judge().IsClean);
    }

    [Fact]
    public void C8_what_was_wanted_once_and_done_twice_is_doubled()
    {
        _story.Do(_story.Commands.Intentions[0] with { Id = "another" }, late: TimeSpan.FromSeconds(-1));

        Assert.Equal(1, _story.Judge().CommandsDoubled);
    }

    [Theory]
    [InlineData("queued")]
    [InlineData("delivered")]
    [InlineData(null)]
    public void C8_an_accepted_command_without_an_end_is_lost(string? status)
    {
        _story.Command(status, isDone: false);

        Assert.Equal(1, _story.Judge().CommandsLost);
    }

    [Fact]
    public void C8_a_command_that_succeeded_and_was_not_done_is_lost()
    {
        _story.Command("succeeded", isDone: false);

        Assert.Equal(1, _story.Judge().CommandsLost);
    }

    [Fact]
    public void C8_a_command_that_was_done_after_its_time_is_told()
    {
        _story.Do(_story.Command("expired", isDone: false), late: TimeSpan.FromMilliseconds(1));

        Assert.Equal(1, _story.Judge().ExecutedExpired);
    }
}
