using CsCheck;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

public class FoldPropertyTests
{
    private sealed record Message(long Seq, double Time, double Value);

    private static readonly Gen<Message[]> s_messages =
        Gen.Select(Gen.Double[0, 50], Gen.Int[0, 5]).Array[1, 40].Select(readings => readings
            .Select((r, i) => new Message(i + 1, Math.Round(r.Item1, 1), r.Item2)).ToArray());

    [Fact]
    public void Any_order_and_repetition_of_numbered_readings_ends_in_the_same_live_value() =>
        Gen.Select(s_messages, Gen.Int[0, 1_000_000]).Sample((messages, seed) =>
        {
            FoldRig straight = Play(messages, numbered: true);
            FoldRig shuffled = Play(Shuffle(messages, seed), numbered: true);
            Assert.Equal(straight.Telemetry().Value, shuffled.Telemetry().Value);
            Assert.Equal(straight.Telemetry().SourceTime, shuffled.Telemetry().SourceTime);
        });

    [Fact]
    public void Any_order_and_repetition_of_timed_readings_ends_in_the_same_live_value() =>
        Gen.Select(s_messages, Gen.Int[0, 1_000_000]).Sample((messages, seed) =>
        {
            FoldRig straight = Play(messages, numbered: false);
            FoldRig shuffled = Play(Shuffle(messages, seed), numbered: false);
            Assert.Equal(straight.Telemetry().Value, shuffled.Telemetry().Value);
        });

    [Fact]
    public void Every_reading_ends_in_exactly_one_count() =>
        s_messages.Sample(messages =>
        {
            FoldRig rig = Play(messages, numbered: true);
            TwinCounters counters = rig.State.Counters;
            long live = rig.Telemetry().Count;
            Assert.Equal(
                counters.Readings, live + counters.Late + counters.Duplicates + counters.Rejected);
        });

    [Fact]
    public void A_refold_of_the_log_gives_the_same_bytes_of_state() =>
        Gen.Select(s_messages, Gen.Int[0, 1_000_000]).Sample((messages, seed) =>
        {
            FoldRig live = Play(Shuffle(messages, seed), numbered: true);
            FoldRig again = new();
            TwinFold.Apply(again.State, again.Header, live.Log, again.Effects);
            again.State.Revision = live.State.Revision;
            Assert.Equal(StateWriter.Write(live.State), StateWriter.Write(again.State));
        });

    [Fact]
    public void A_state_that_was_written_and_read_goes_on_as_if_it_never_was() =>
        Gen.Select(s_messages, s_messages).Sample((before, after) =>
        {
            FoldRig live = Play(before, numbered: true);
            byte[] stored = StateWriter.Write(live.State);
            TwinState read = StateReader.Read(live.State.Twin, live.State.Kind, stored);
            Assert.Equal(stored, StateWriter.Write(read));
            FoldRig rest = Play(after, numbered: true);
            TurnEffects effects = new();
            TwinFold.Apply(live.State, live.Header, rest.Log, effects);
            TwinFold.Apply(read, live.Header, rest.Log, effects);
            Assert.Equal(StateWriter.Write(live.State), StateWriter.Write(read));
        });

    [Fact]
    public void A_sequence_window_remembers_exactly_what_a_set_would() =>
        Gen.Long[0, 1_500].Array[1, 400].Sample(numbers =>
        {
            SourceState source = new("");
            HashSet<long> seen = [];
            long high = -1;
            foreach (long seq in numbers)
            {
                bool isBelow = seq <= high - SequenceWindow.Size;
                SequenceVerdict verdict = source.Judge(1, seq, UnixMicroseconds.Absent, out _);
                high = Math.Max(high, seq);
                if (isBelow)
                {
                    // It may know that it saw one; what it never saw it must not call seen.
                    Assert.True(verdict == SequenceVerdict.BelowWindow
                        || (verdict == SequenceVerdict.Seen && seen.Contains(seq)));
                    continue;
                }

                Assert.Equal(seen.Add(seq) ? SequenceVerdict.New : SequenceVerdict.Seen, verdict);
            }
        });

    [Fact]
    public void Numbers_without_a_gap_are_known_however_old_they_are_from_whatever_number_they_began() =>
        Gen.Select(Gen.Long[0, 5], Gen.Int[1, 5_000], Gen.Int[0, 1_000]).Sample((first, count, shuffled) =>
        {
            // In order but for neighbours that change places, as two connections of one device make it.
            SequenceWindow window = new(1);
            long[] numbers = [.. Enumerable.Range(0, count).Select(i => first + i)];
            for (int i = 1; i + 1 < count; i += 2 + shuffled)
            {
                (numbers[i], numbers[i + 1]) = (numbers[i + 1], numbers[i]);
            }

            Assert.All(numbers, seq => Assert.Equal(SequenceVerdict.New, window.Judge(seq)));
            Assert.All(numbers, seq => Assert.Equal(SequenceVerdict.Seen, window.Judge(seq)));
        });

    [Fact]
    public void A_number_that_stays_away_ends_what_is_known_before_it_and_what_follows_is_known_again()
    {
        SequenceWindow window = new(1);
        long[] numbers = [.. Enumerable.Range(0, 10_000).Where(i => i != 3_000).Select(i => (long)i)];

        Assert.All(numbers, seq => Assert.Equal(SequenceVerdict.New, window.Judge(seq)));

        Assert.Equal((3_001, 9_999), (window.RunFrom, window.RunTo));
        Assert.Equal(SequenceVerdict.BelowWindow, window.Judge(3_000));
        Assert.Equal(SequenceVerdict.BelowWindow, window.Judge(2_999));
        Assert.Equal(SequenceVerdict.Seen, window.Judge(3_001));
    }

    private static FoldRig Play(IEnumerable<Message> messages, bool numbered)
    {
        FoldRig rig = new();
        foreach (Message message in messages)
        {
            rig.Number(55, message.Value, message.Time, numbered ? message.Seq : null, numbered ? 1 : null);
        }

        return rig;
    }

    private static Message[] Shuffle(Message[] messages, int seed)
    {
        Random random = new(seed);
        Message[] shuffled = [.. messages, .. messages.Where(_ => random.Next(3) == 0)];
        random.Shuffle(shuffled);
        return shuffled;
    }
}
