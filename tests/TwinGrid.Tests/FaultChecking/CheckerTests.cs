using TwinGrid.FaultTests.Checking;

namespace TwinGrid.Tests.FaultChecking;

/// <summary>The checker of the fault harness sees each wrong, and none where there is none.</summary>
public sealed class CheckerTests
{
    private static readonly long Second = System.Diagnostics.Stopwatch.Frequency;

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
    public void C6_a_read_that_knows_nothing_of_a_twin_that_was_acknowledged_is_stale()
    {
        _story.History.Read(new SeenRead(1_200, 1_210, Revision: 0, Number: 0, Count: 0, Durable: true));

        // Behind what was acknowledged, and behind what others saw.
        Assert.Equal(2, _story.Judge().StaleReads);
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

    [Fact]
    public void C8_an_answer_that_was_acknowledged_in_time_ends_its_command()
    {
        _story.Acknowledge(_story.Command("expired", isDone: true), late: TimeSpan.FromMilliseconds(-1));

        Assert.Equal(1, _story.Judge().CommandsWrongEnd);
    }

    [Fact]
    public void C8_an_answer_that_was_acknowledged_when_its_time_was_over_may_be_too_late()
    {
        _story.Acknowledge(_story.Command("expired", isDone: true), late: TimeSpan.Zero);

        Assert.True(_story.Judge().IsClean);
    }

    [Fact]
    public void C8_what_was_called_back_is_not_done()
    {
        _story.Command("cancelled", isDone: true).IsRegretted = true;

        Assert.Equal(1, _story.Judge().CommandsWrongEnd);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void C8_what_was_called_back_may_be_done_where_a_process_died_that_knew_of_it(bool dies, int wrong)
    {
        Intention intention = _story.Command("cancelled", isDone: true);
        (intention.IsRegretted, intention.CalledBack) = (true, intention.Wanted + 10);
        _story.Commands.Disturb(new Disturbance(
            0, intention.Wanted + 1, intention.Wanted + 2, intention.Wanted + 3, HoldsDevices: true, dies));

        Assert.Equal(wrong, _story.Judge().CommandsWrongEnd);
    }

    [Fact]
    public void C8_a_death_after_a_command_was_called_back_excuses_nothing()
    {
        Intention intention = _story.Command("cancelled", isDone: true);
        (intention.IsRegretted, intention.CalledBack) = (true, intention.Wanted + 10);
        _story.Commands.Disturb(new Disturbance(
            0, intention.Wanted + 11, intention.Wanted + 12, intention.Wanted + 13, false, MayEndProcess: true));

        Assert.Equal(1, _story.Judge().CommandsWrongEnd);
    }

    [Fact]
    public void C8_what_nobody_regretted_is_not_called_back()
    {
        _story.Command("cancelled", isDone: false);

        Assert.Equal(1, _story.Judge().CommandsWrongEnd);
    }

    [Fact]
    public void C8_what_was_told_to_be_called_back_stays_so()
    {
        Intention intention = _story.Command("expired", isDone: false);
        (intention.IsRegretted, intention.CalledBack) = (true, intention.Wanted + 10);

        Assert.Equal(1, _story.Judge().CommandsWrongEnd);
    }

    [Theory]
    [InlineData(2.0, 0)]
    [InlineData(2.1, 1)]
    public void C8_a_command_that_comes_after_its_time_is_told_where_nothing_held_it(double late, int wrong)
    {
        Intention intention = _story.Command("expired", isDone: false);
        _story.Receive(intention, TimeSpan.FromSeconds(late), connected: 1, heard: 5 * Second);

        Assert.Equal(wrong, _story.Judge().ReceivedExpired);
    }

    [Theory]
    [InlineData(2, 12, 0, "on the way while its link was disturbed for 4 s")]
    [InlineData(2, 17.5, 1, "longer after that than it lasted, and 3 s")]
    [InlineData(10.5, 11, 1, "on a connection that began afterwards")]
    [InlineData(2, 5.5, 1, "before it began")]
    public void C8_a_late_command_is_forgiven_where_its_link_was_disturbed(
        double connected, double heard, int wrong, string when)
    {
        Intention intention = _story.Command("expired", isDone: false);
        _story.Receive(intention, TimeSpan.FromSeconds(9), (long)(connected * Second), (long)(heard * Second));
        _story.Commands.Disturb(new Disturbance(2, 6 * Second, 10 * Second, 11 * Second, true, false));

        Assert.True(_story.Judge().ReceivedExpired == wrong, when);
    }

    [Fact]
    public void C8_a_disturbance_of_another_gateway_forgives_nothing()
    {
        Intention intention = _story.Command("expired", isDone: false);
        _story.Receive(intention, TimeSpan.FromSeconds(9), 2 * Second, 12 * Second);
        _story.Commands.Disturb(new Disturbance(1, 6 * Second, 10 * Second, 11 * Second, true, false));

        Assert.Equal(1, _story.Judge().ReceivedExpired);
    }
}
