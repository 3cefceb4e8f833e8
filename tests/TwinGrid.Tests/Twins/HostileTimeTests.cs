using System.Text;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

/// <summary>
/// Devices whose clocks are wrong, at the fold: promises G5 and G14, contracts section 2. Times are seconds after noon.
/// </summary>
public sealed class HostileTimeTests
{
    private const double Day = 86_400;

    private readonly FoldRig _pump = new(new TwinDefinition
    {
        Kind = "pump",
        Telemetry = [new TelemetryDefinition { Name = "temperature" }],
        Policies =
        [
            new PolicyDefinition
            {
                Name = "hot", When = "temperature > 85", Mode = PolicyMode.Act,
                Command = new PolicyCommand { Name = "stop" },
            },
        ],
    });

    [Theory]
    [InlineData(2, true)]
    [InlineData(40, true)]
    [InlineData(2, false)]
    public void More_than_five_minutes_in_the_future_state_takes_arrival_time_and_no_later_reading_is_outshone(
        double days, bool isNumbered)
    {
        for (int i = 0; i < 10; i++)
        {
            Send(i, 20 + i, ts: i + (days * Day), isNumbered ? i : null);
            Assert.Equal((20 + i, FoldRig.Epoch.AddSeconds(i)), (_pump.Value(), _pump.Telemetry().SourceTime));
        }

        Assert.Equal(AlarmState.Active, Clock()!.State);
        SourceSnapshot source = SnapshotBuilder.Snapshot(_pump.State).Sources[0];
        Assert.Equal(-days * Day, source.ClockOffset!.Value, 3);

        // Somebody sets the clock right: nothing waits until the wrong time has come.
        Send(20, 50, ts: 20, isNumbered ? 10 : null);
        Assert.Equal((50.0, 0L, 0L), (_pump.Value(), _pump.State.Counters.Late, _pump.State.Counters.Duplicates));
        Assert.Equal(AlarmState.Cleared, Clock()!.State);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(400)]
    public void A_reading_older_than_the_live_window_goes_if_newest_to_state_and_never_causes_a_command(double days)
    {
        for (int i = 0; i < 10; i++)
        {
            Send(i, 90 + i, ts: i - (days * Day), i);
            Assert.Equal(90 + i, _pump.Value());
        }

        Assert.Equal((10L, 0L), (_pump.State.Counters.Historical, _pump.State.Counters.Late));
        Assert.Empty(_pump.State.Commands);
        Assert.Equal(AlarmState.Active, Clock()!.State);

        Send(20, 101, ts: 20, 10);
        Assert.Equal("stop", Assert.Single(_pump.State.Commands).Name);
        Assert.Equal(AlarmState.Cleared, Clock()!.State);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(240)]
    [InlineData(3 * Day)]
    public void After_a_step_back_what_is_older_than_state_never_overwrites_it_until_the_clock_is_past_it(double step)
    {
        Send(0, 20, ts: 0, 0);
        Send(1, 21, ts: 1, 1);
        for (int i = 2; i < 12; i++)
        {
            Send(i, 90, ts: i - step, i);
            Assert.Equal((21.0, FoldRig.Epoch.AddSeconds(1)), (_pump.Value(), _pump.Telemetry().SourceTime));
        }

        Assert.Equal(10, _pump.State.Counters.Late + _pump.State.Counters.Historical);
        Assert.Equal(0, _pump.State.Counters.Duplicates);
        Assert.Empty(_pump.State.Commands);
        Send(20, 22, ts: 20, 12);
        Assert.Equal(22, _pump.Value());
    }

    [Fact]
    public void A_device_that_restarts_with_its_clock_reset_begins_an_epoch_when_its_time_is_newer_again()
    {
        for (int i = 0; i < 5; i++)
        {
            Send(i, 20 + i, ts: i, seq: i, epoch: null);
        }

        // Numbers and times that were before: nothing tells these readings from old ones.
        Send(10, 90, ts: -400 * Day, seq: 0, epoch: null);
        Assert.Equal((24.0, 0L, 1L), (_pump.Value(), _pump.State.Counters.Restarts, _pump.State.Counters.Duplicates));

        // The network told it the time.
        Send(20, 30, ts: 20, seq: 1, epoch: null);
        Send(21, 31, ts: 21, seq: 2, epoch: null);
        Assert.Equal((31.0, 1L, 1L), (_pump.Value(), _pump.State.Counters.Restarts, _pump.State.Counters.Duplicates));
        Assert.Empty(_pump.State.Commands);
    }

    [Theory]
    [InlineData( // Autumn: the hour from two to three comes twice.
        "2025-10-26T02:59:58+02:00", "2025-10-26T02:59:59+02:00", "2025-10-26T02:00:00+01:00",
        "2025-10-26T02:00:01+01:00", "2025-10-26T02:59:59+01:00", "2025-10-26T03:00:00+01:00")]
    [InlineData( // Spring: it does not come.
        "2026-03-29T01:59:58+01:00", "2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00",
        "2026-03-29T03:00:01+02:00")]
    [InlineData( // A device that is carried over a border, and one that changes to UTC.
        "2026-07-01T12:00:00+05:45", "2026-07-01T11:45:01+05:30", "2026-07-01T06:15:02Z", "2026-07-01T06:15:03-00:00")]
    public void Local_times_are_in_order_whatever_their_offset_changes_to(params string[] times)
    {
        for (int i = 0; i < times.Length; i++)
        {
            DateTimeOffset at = DateTimeOffset.Parse(times[i], System.Globalization.CultureInfo.InvariantCulture);
            ReadingWriter writer = new();
            string? refusal = new JsonPayloadDecoder().Decode(
                Encoding.UTF8.GetBytes($$"""{"ts":"{{times[i]}}","seq":{{i}},"epoch":1,"temperature":{{i}}}"""),
                new PayloadContext(_pump.State.Twin, null, UnixMicroseconds.From(at.AddMilliseconds(20)), null),
                writer);
            Assert.Null(refusal);
            _pump.Apply(writer.Written.Span);
            Assert.Equal((i, at.ToUniversalTime()), (_pump.Value(), _pump.Telemetry().SourceTime));
        }

        Assert.Equal((0L, 0L), (_pump.State.Counters.Late, _pump.State.Counters.Historical));
        Assert.Null(Clock());
    }

    [Fact]
    public void A_numbered_reading_changes_state_once_however_many_days_later_it_is_sent_again()
    {
        // Two days, a reading every minute; from the second on the one of 17 hours (1,020 minutes) before once more.
        const int All = 2 * 24 * 60;
        for (int i = 0; i < All; i++)
        {
            Send(60 * i, 20 + (i % 7), ts: 60 * i, i);
            if (i >= 1_020)
            {
                InputAnswer again = Send((60 * i) + 1, 90, ts: 60 * i, i - 1_020);
                Assert.Equal((0, 1), (again.Applied, again.Seen));
            }
        }

        Assert.Equal((20.0 + ((All - 1) % 7), All), (_pump.Value(), _pump.Telemetry().Count));
        Assert.Equal(All - 1_020, _pump.State.Counters.Duplicates);

        // Below the window of 1,024 nobody knows: history takes it, state does not.
        InputAnswer old = Send(60 * All, 90, ts: 60, seq: 1);
        Assert.Equal((0, 1), (old.Applied, old.Seen));
        Assert.Equal(All, _pump.Telemetry().Count);
        Assert.Empty(_pump.State.Commands);
    }

    [Fact]
    public void A_reading_with_a_time_and_no_number_changes_state_once_however_many_days_later_it_is_sent_again()
    {
        for (int i = 0; i < 200; i++)
        {
            Send(3_600 * i, 20 + i, ts: 3_600 * i, seq: null);
            for (int back = 0; back <= i; back += 33)
            {
                Send((3_600 * i) + 1, 20 + i - back, ts: 3_600 * (i - back), seq: null);
            }

            Assert.Equal((20 + i, i + 1L), (_pump.Value(), _pump.Telemetry().Count));
        }
    }

    private InputAnswer Send(double received, double value, double ts, long? seq, long? epoch = 1) =>
        _pump.Number(received, value, ts, seq, seq is null ? null : epoch);

    private AlarmSnapshot? Clock() => _pump.State.FindAlarm("_clock")?.ToSnapshot();
}
