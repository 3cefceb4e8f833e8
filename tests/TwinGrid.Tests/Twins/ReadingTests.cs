using System.Buffers.Binary;
using TwinGrid.Twins;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

public class ReadingTests
{
    private static readonly TwinDefinition s_pump = new()
    {
        Kind = "pump",
        Telemetry =
        [
            new TelemetryDefinition { Name = "temperature", Unit = "degreeCelsius", Min = -40, Max = 200 },
            new TelemetryDefinition { Name = "running", Type = TelemetryType.Boolean },
            new TelemetryDefinition { Name = "mode", Type = TelemetryType.Text },
            new TelemetryDefinition { Name = "place", Type = TelemetryType.Position },
            new TelemetryDefinition { Name = "vibration", Type = TelemetryType.Waveform },
        ],
    };

    private readonly FoldRig _pump = new(s_pump);

    [Fact]
    public void A_device_that_is_there_before_its_twins_first_reading_is_online()
    {
        FoldRig twin = new(exists: false);
        twin.Apply(PackedInputs.Pack(
            InputKind.Presence, FoldRig.At(0), new PresenceInput(true, "session"), TwinGridJson.Default.PresenceInput));
        twin.Number(0, 21);

        Assert.True(twin.State.Exists);
        Assert.True(twin.State.Online);
    }

    [Fact]
    public void A_reading_becomes_the_live_value_with_its_times_quality_unit_and_count()
    {
        _pump.Number(received: 10, value: 21.5, ts: 9);
        TelemetrySnapshot live = _pump.Telemetry();
        Assert.Equal(ReadingValue.Of(21.5), live.Value);
        Assert.Equal(FoldRig.Epoch.AddSeconds(9), live.SourceTime);
        Assert.Equal(FoldRig.Epoch.AddSeconds(10), live.ReceivedTime);
        Assert.Equal(Quality.Good, live.Quality);
        Assert.Equal("degreeCelsius", live.Unit);
        Assert.Equal(1, live.Count);
    }

    [Fact]
    public void A_late_reading_does_not_change_the_state()
    {
        _pump.Number(10, 21.5, ts: 10);
        InputAnswer answer = _pump.Number(11, 99, ts: 9);
        Assert.Equal(21.5, _pump.Value());
        Assert.Equal((0, 1), (answer.Applied, answer.Seen));
        Assert.Equal(1, _pump.State.Counters.Late);
    }

    [Fact]
    public void Late_is_judged_per_telemetry()
    {
        _pump.Number(10, 21.5, ts: 10);
        _pump.Send(11, w => w.Boolean("running"u8, true), ts: 5);
        Assert.True(_pump.Telemetry("running").Value.Boolean);
    }

    [Fact]
    public void The_same_number_of_the_same_epoch_is_a_duplicate()
    {
        _pump.Number(10, 21.5, ts: 10, seq: 7, epoch: 1);
        InputAnswer again = _pump.Number(11, 99, ts: 11, seq: 7, epoch: 1);
        Assert.Equal(21.5, _pump.Value());
        Assert.Equal((0, 1), (again.Applied, again.Seen));
        Assert.Equal(1, _pump.State.Counters.Duplicates);
    }

    [Fact]
    public void A_reading_without_a_number_is_known_by_its_time_and_value()
    {
        _pump.Number(10, 21.5, ts: 10);
        _pump.Number(11, 21.5, ts: 10);
        Assert.Equal(1, _pump.State.Counters.Duplicates);
        Assert.Equal(1, _pump.Telemetry().Count);
    }

    [Fact]
    public void Identities_without_a_number_are_remembered_for_the_last_64_readings()
    {
        for (int i = 0; i < 65; i++)
        {
            _pump.Number(30, 20, ts: i / 4.0);
        }

        _pump.Number(30, 20, ts: 0.25);
        Assert.Equal((1, 0), (_pump.State.Counters.Duplicates, _pump.State.Counters.Late));
        _pump.Number(30, 20, ts: 0);
        Assert.Equal((1, 1), (_pump.State.Counters.Duplicates, _pump.State.Counters.Late));
    }

    [Fact]
    public void A_reading_without_number_and_time_is_applied_once_per_delivery()
    {
        _pump.Number(10, 21.5);
        _pump.Number(11, 21.5);
        Assert.Equal(2, _pump.Telemetry().Count);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(5L)]
    public void A_message_that_is_published_again_as_of_the_same_time_changes_nothing(long? seq)
    {
        for (int time = 0; time < 2; time++)
        {
            ReadingWriter writer = new() { TimeOfUntimed = FoldRig.At(9) };
            writer.BeginMessage(new MessageHeader { Received = FoldRig.At(10 + time), Seq = seq });
            writer.Number("temperature"u8, 21.5);
            writer.EndMessage();
            _pump.Apply(writer.Written.Span);
        }

        Assert.Equal(1, _pump.Telemetry().Count);
        Assert.Equal(1, _pump.State.Counters.Duplicates);
        Assert.Empty(_pump.State.Sources);
    }

    [Fact]
    public void A_number_without_epoch_and_time_is_ignored()
    {
        _pump.Number(10, 1, seq: 5);
        _pump.Number(11, 2, seq: 5);
        Assert.Equal(2, _pump.Value());
        Assert.Equal(0, _pump.State.Counters.Duplicates);
    }

    [Fact]
    public void A_low_number_with_a_newer_time_is_a_restart_that_begins_an_epoch()
    {
        _pump.Number(10, 1, ts: 10, seq: 100);
        _pump.Number(11, 2, ts: 11, seq: 1);
        _pump.Number(12, 3, ts: 12, seq: 2);
        SourceSnapshot source = Assert.Single(SnapshotBuilder.Snapshot(_pump.State).Sources);
        Assert.Equal(3, _pump.Value());
        Assert.Equal((1, 2L, 1L), (source.Epoch, source.Seq, _pump.State.Counters.Restarts));
    }

    [Fact]
    public void What_is_sent_once_more_after_a_restart_is_known_by_the_epoch_before()
    {
        _pump.Number(10, 1, ts: 10, seq: 10);
        _pump.Number(11, 2, ts: 11, seq: 11);
        _pump.Number(12, 3, ts: 12, seq: 1);
        _pump.Number(13, 2, ts: 11, seq: 11);
        _pump.Number(13, 1, ts: 10, seq: 10);
        InputAnswer next = _pump.Number(14, 4, ts: 14, seq: 11);
        Assert.Equal((2, 0, 1), (_pump.State.Counters.Duplicates, _pump.State.Counters.Late, next.Applied));
        Assert.Equal((4, 1L), (_pump.Value(), _pump.State.Counters.Restarts));
    }

    [Fact]
    public void Readings_of_several_epochs_end_in_the_newest_whatever_their_order()
    {
        _pump.Number(10, 6, ts: 5, seq: 1, epoch: 6);
        _pump.Number(10, 99, ts: 6, seq: 1, epoch: 4);
        Assert.Equal(99, _pump.Value());
        _pump.Number(10, 7, ts: 7, seq: 1, epoch: 4);
        Assert.Equal(99, _pump.Value());
    }

    [Fact]
    public void One_time_far_ahead_does_not_hide_a_later_restart()
    {
        _pump.Number(10, 1, ts: 10 + (10 * 365 * 86400.0), seq: 100);
        _pump.Number(11, 2, ts: 11, seq: 101);
        _pump.Number(12, 3, ts: 12, seq: 0);
        Assert.Equal((3, 1L), (_pump.Value(), _pump.State.Counters.Restarts));
    }

    [Fact]
    public void A_number_out_of_order_within_the_window_is_known_exactly()
    {
        foreach (long seq in new long[] { 1, 2, 5, 3 })
        {
            _pump.Number(seq, seq, ts: seq, seq: seq, epoch: 1);
        }

        Assert.Equal((0, 1), (_pump.State.Counters.Duplicates, _pump.State.Counters.Late));
        _pump.Number(9, 3, ts: 3, seq: 3, epoch: 1);
        _pump.Number(9, 4, ts: 4, seq: 4, epoch: 1);
        Assert.Equal((1, 2), (_pump.State.Counters.Duplicates, _pump.State.Counters.Late));
        Assert.Equal(5, _pump.Value());
    }

    [Fact]
    public void A_number_older_than_the_window_goes_to_history_and_never_to_state()
    {
        _pump.Number(1, 1, ts: 1, seq: 2000, epoch: 1);
        InputAnswer old = _pump.Number(2, 2, ts: 2, seq: 976, epoch: 1);
        Assert.Equal((0, 1), (old.Applied, old.Seen));
        Assert.Equal(1, _pump.Value());
        _pump.Number(3, 3, ts: 3, seq: 977, epoch: 1);
        Assert.Equal(3, _pump.Value());
    }

    [Fact]
    public void At_equal_times_the_higher_number_wins_and_then_the_greater_value()
    {
        _pump.Number(1, 5, ts: 1, seq: 2, epoch: 1);
        _pump.Number(1, 9, ts: 1, seq: 1, epoch: 1);
        Assert.Equal(5, _pump.Value());
        _pump.Number(2, 7, ts: 2);
        _pump.Number(2, 6, ts: 2);
        Assert.Equal(7, _pump.Value());
        _pump.Number(2, 8, ts: 2);
        Assert.Equal(8, _pump.Value());
    }

    [Fact]
    public void A_reading_older_than_the_live_window_is_counted_as_historical_and_shown_if_newest()
    {
        _pump.Number(100, 21.5, ts: 39);
        Assert.Equal(1, _pump.State.Counters.Historical);
        Assert.Equal(21.5, _pump.Value());
        _pump.Number(100, 22, ts: 40);
        Assert.Equal(1, _pump.State.Counters.Historical);
    }

    [Fact]
    public void A_time_over_five_minutes_ahead_is_replaced_by_the_arrival()
    {
        _pump.Number(10, 21.5, ts: 10 + 301);
        Assert.Equal(FoldRig.Epoch.AddSeconds(10), _pump.Telemetry().SourceTime);
        _pump.Number(11, 22, ts: 11 + 299);
        Assert.Equal(FoldRig.Epoch.AddSeconds(310), _pump.Telemetry().SourceTime);
    }

    [Theory]
    [InlineData(double.NaN, ReadingOutcome.NotFinite)]
    [InlineData(double.PositiveInfinity, ReadingOutcome.NotFinite)]
    [InlineData(double.NegativeInfinity, ReadingOutcome.NotFinite)]
    [InlineData(-40.1, ReadingOutcome.OutOfRange)]
    [InlineData(200.1, ReadingOutcome.OutOfRange)]
    public void A_value_that_cannot_be_true_is_dropped_with_its_reason(double value, ReadingOutcome reason)
    {
        _pump.Number(1, 20);
        InputAnswer answer = _pump.Number(2, value);
        DroppedReading dropped = Assert.Single(answer.Dropped!);
        Assert.Equal(("temperature", reason), (dropped.Telemetry, dropped.Outcome));
        Assert.Equal(20, _pump.Value());
        Assert.Equal(1, _pump.State.Counters.Rejected);
    }

    [Fact]
    public void A_value_of_the_wrong_type_is_dropped_and_never_coerced()
    {
        InputAnswer answer = _pump.Send(1, w => w.Text("temperature"u8, "21.5"u8));
        Assert.Equal(ReadingOutcome.WrongType, Assert.Single(answer.Dropped!).Outcome);
        Assert.False(SnapshotBuilder.Snapshot(_pump.State).Telemetry.ContainsKey("temperature"));
    }

    [Fact]
    public void A_value_in_another_unit_of_the_quantity_is_converted_and_any_other_refused()
    {
        _pump.Send(1, w => w.Number("temperature"u8, 50, new ReadingDetail { Unit = "degreeFahrenheit" }));
        Assert.Equal(10, _pump.Value(), 1e-9);
        InputAnswer wrong = _pump.Send(2, w => w.Number("temperature"u8, 50, new ReadingDetail { Unit = "kilowatt" }));
        Assert.Equal(ReadingOutcome.WrongUnit, Assert.Single(wrong.Dropped!).Outcome);
    }

    [Fact]
    public void No_value_makes_the_quality_bad_and_leaves_the_last_value()
    {
        _pump.Number(1, 20, ts: 1);
        _pump.Send(2, w => w.NoValue("temperature"u8), ts: 2);
        Assert.Equal((20, Quality.Bad), (_pump.Value(), _pump.Telemetry().Quality));
        _pump.Number(3, 21, ts: 3);
        Assert.Equal((21, Quality.Good), (_pump.Value(), _pump.Telemetry().Quality));
    }

    [Fact]
    public void Numbers_booleans_text_positions_and_waveforms_are_all_readings()
    {
        byte[] samples = new byte[8];
        BinaryPrimitives.WriteInt16LittleEndian(samples, 300);
        BinaryPrimitives.WriteInt16LittleEndian(samples.AsSpan(2), -400);
        BinaryPrimitives.WriteInt16LittleEndian(samples.AsSpan(4), 300);
        BinaryPrimitives.WriteInt16LittleEndian(samples.AsSpan(6), -400);
        _pump.Send(1, w =>
        {
            w.Boolean("running"u8, true);
            w.Text("mode"u8, "auto"u8);
            w.Position("place"u8, 52.5, 13.4, 34);
            w.Waveform("vibration"u8, 1000, WaveformEncoding.Int16, 0.01, samples);
        });
        Assert.True(_pump.Telemetry("running").Value.Boolean);
        Assert.Equal("auto", _pump.Telemetry("mode").Value.Text);
        Assert.Equal(new GeoPosition(52.5, 13.4, 34), _pump.Telemetry("place").Value.Position);

        // 3, -4, 3, -4: mean -0.5, rms sqrt(12.5), peak 4; a square wave has kurtosis 1.
        WaveformFeatures features = _pump.Telemetry("vibration").Value.Waveform!;
        Assert.Equal(-0.5, features.Mean, 1e-12);
        Assert.Equal(Math.Sqrt(12.5), features.Rms, 1e-12);
        Assert.Equal(4, features.Peak, 1e-12);
        Assert.Equal(4 / Math.Sqrt(12.5), features.Crest, 1e-12);
        Assert.Equal(1, features.Kurtosis, 1e-12);
    }

    [Fact]
    public void An_unknown_name_is_kept_and_marked_unmodelled_up_to_the_limit_of_names()
    {
        InputAnswer answer = default;
        for (int i = 0; i < 12; i++)
        {
            answer = _pump.Number(i, i, name: $"extra{i}");
        }

        Assert.False(_pump.Telemetry("extra10").Modelled);
        Assert.Equal(ReadingOutcome.OverLimit, Assert.Single(answer.Dropped!).Outcome);
        Assert.Contains("TelemetryNamesPerKind", answer.Dropped![0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void One_publisher_too_many_is_refused_by_name()
    {
        _pump.Send(1, w => w.Number("temperature"u8, 1), ts: 1, seq: 1, source: "a");
        _pump.Send(2, w => w.Number("temperature"u8, 2), ts: 2, seq: 1, source: "b");
        InputAnswer third = _pump.Send(3, w => w.Number("temperature"u8, 3), ts: 3, seq: 1, source: "c");
        Assert.Contains("SourcesPerTwin", Assert.Single(third.Dropped!).Detail, StringComparison.Ordinal);
        Assert.Equal(2, _pump.Value());
    }

    [Fact]
    public void A_device_whose_clock_is_off_raises_the_clock_alarm_and_clears_it_when_right_again()
    {
        for (int i = 0; i < 5; i++)
        {
            _pump.Number(1000 + i, 20 + i, ts: i);
        }

        AlarmSnapshot alarm = Assert.Single(SnapshotBuilder.Snapshot(_pump.State).Alarms);
        Assert.Equal(("_clock", AlarmState.Active), (alarm.Name, alarm.State));
        Assert.Contains("1000 s behind", alarm.Why, StringComparison.Ordinal);
        _pump.Number(1010, 30, ts: 1010);
        Assert.Equal(AlarmState.Cleared, Assert.Single(SnapshotBuilder.Snapshot(_pump.State).Alarms).State);
    }

    [Fact]
    public void Silence_of_twice_the_expected_time_raises_the_no_data_alarm()
    {
        TwinSimulation simulation = new(new TwinDefinition
        {
            Kind = "tank",
            Telemetry = [new TelemetryDefinition { Name = "level", ExpectEvery = TimeSpan.FromSeconds(10) }],
        });
        simulation.Read(("level", 1)).Wait(TimeSpan.FromSeconds(19.9));
        Assert.Empty(simulation.Alarms);
        simulation.Wait(TimeSpan.FromSeconds(0.2));
        Assert.Equal(("_noData", AlarmState.Active), (simulation.Alarms[^1].Name, simulation.Alarms[^1].State));
        simulation.Read(("level", 2));
        Assert.Equal(AlarmState.Cleared, simulation.Alarms[^1].State);
    }
}
