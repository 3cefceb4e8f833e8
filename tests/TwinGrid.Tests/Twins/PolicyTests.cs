using TwinGrid.Twins;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

public class PolicyTests
{
    private static readonly PolicyDefinition s_overheat = new()
    {
        Name = "overheat",
        When = "bearingTemperature > 85",
        For = TimeSpan.FromSeconds(30),
        Clear = "bearingTemperature < 80",
        Severity = AlarmSeverity.Major,
        Mode = PolicyMode.Act,
        Cooldown = TimeSpan.FromSeconds(60),
        Command = new PolicyCommand { Name = "derate", Args = new RawJson("""{"limit":0.5}""") },
        Verify = new PolicyVerification { Expect = "bearingTemperature < 80", Within = TimeSpan.FromMinutes(5) },
    };

    private readonly TwinSimulation _turbine = Turbine(s_overheat);

    [Fact]
    public void An_alarm_is_raised_when_its_condition_has_held_for_its_time()
    {
        Run(_turbine, 90, seconds: 29);
        Assert.Empty(_turbine.Alarms);
        Run(_turbine, 90, seconds: 2);
        AlarmSnapshot alarm = Assert.Single(_turbine.Alarms);
        Assert.Equal(
            ("overheat", AlarmState.Active, AlarmSeverity.Major, false),
            (alarm.Name, alarm.State, alarm.Severity, alarm.Acknowledged));
        Assert.Equal("bearingTemperature is 90 degreeCelsius (> 85) for 30s", alarm.Why);
    }

    [Fact]
    public void A_condition_that_breaks_off_begins_its_time_anew()
    {
        Run(_turbine, 90, seconds: 29);
        Run(_turbine, 84, seconds: 1);
        Run(_turbine, 90, seconds: 29);
        Assert.Empty(_turbine.Alarms);
    }

    [Fact]
    public void The_command_is_sent_once_when_the_alarm_is_raised()
    {
        Run(_turbine, 90, seconds: 60);
        CommandMessage command = Assert.Single(_turbine.Commands);
        Assert.Equal(("derate", """{"limit":0.5}"""), (command.Name, command.Args.ToString()));
        Assert.Equal('7', command.Id[14]);
        Assert.Equal(TimeSpan.FromSeconds(30), command.ExpiresAt - command.IssuedAt);
    }

    [Fact]
    public void Between_its_two_limits_an_alarm_stays_and_below_the_lower_it_clears()
    {
        Run(_turbine, 90, seconds: 31);
        Run(_turbine, 82, seconds: 10);
        Assert.Single(_turbine.Alarms);
        Run(_turbine, 79, seconds: 1);
        Assert.Equal(AlarmState.Cleared, _turbine.Alarms[^1].State);
        Assert.Equal("bearingTemperature is 79 degreeCelsius (< 80)", _turbine.Alarms[^1].Why);
    }

    [Fact]
    public void Without_a_clear_condition_an_alarm_clears_when_its_condition_is_false()
    {
        TwinSimulation twin = Turbine(s_overheat with { Clear = null, For = default });
        twin.Read(("bearingTemperature", 90)).Read(("bearingTemperature", 84));
        Assert.Equal([AlarmState.Active, AlarmState.Cleared], twin.Alarms.Select(a => a.State));
    }

    [Fact]
    public void A_command_owed_during_the_cooldown_is_sent_after_it_if_the_alarm_still_holds()
    {
        TwinSimulation twin = Turbine(s_overheat with { For = default });
        twin.Read(("bearingTemperature", 90)).Wait(TimeSpan.FromSeconds(1));
        twin.Read(("bearingTemperature", 70)).Wait(TimeSpan.FromSeconds(1));
        twin.Read(("bearingTemperature", 90)).Wait(TimeSpan.FromSeconds(57));
        twin.Read(("bearingTemperature", 90));
        Assert.Single(twin.Commands);
        twin.Wait(TimeSpan.FromSeconds(1)).Read(("bearingTemperature", 90));
        Assert.Equal(2, twin.Commands.Count);
    }

    [Theory]
    [InlineData(ControlMode.Off, 0, 0)]
    [InlineData(ControlMode.Advise, 1, 0)]
    [InlineData(ControlMode.Act, 1, 1)]
    public void The_kill_switch_decides_whether_policies_raise_and_act(ControlMode mode, int alarms, int commands)
    {
        _turbine.Mode = mode;
        Run(_turbine, 90, seconds: 31);
        Assert.Equal((alarms, commands), (_turbine.Alarms.Count, _turbine.Commands.Count));
    }

    [Fact]
    public void Operators_take_no_room_from_a_policy_and_one_without_room_raises_an_alarm_and_issues_later()
    {
        TwinDefinition kind = new()
        {
            Kind = "pump",
            Telemetry = [new TelemetryDefinition { Name = "level" }],
            Policies = [s_overheat with
            {
                When = "level > 80",
                Clear = null,
                For = default,
                Cooldown = default,
                Verify = null,
                Command = new PolicyCommand { Name = "shutValve", ExpiresIn = TimeSpan.FromDays(1) },
            }],
        };
        FoldRig tank = new(kind);
        for (int i = 0; i < CommandBook.MostOpen; i++)
        {
            CommandRequestInput request = new($"c{i}", "open", RawJson.EmptyObject, FoldRig.At(90_000), $"k{i}");
            tank.Apply(PackedInputs.Pack(
                InputKind.CommandRequest, FoldRig.At(i), request, TwinGridJson.Default.CommandRequestInput));
        }

        for (int i = 0; i <= CommandBook.MostOpen; i++)
        {
            tank.Number(100 + (2 * i), 95, name: "level");
            int issued = Math.Min(i + 1, CommandBook.MostOpen);
            Assert.Equal(issued, tank.State.Commands.Count(c => c.Policy == "overheat"));
            if (i < CommandBook.MostOpen)
            {
                tank.Number(101 + (2 * i), 70, name: "level");
            }
        }

        AlarmRecord told = tank.State.FindAlarm("_commands")!;
        Assert.Equal(AlarmState.Active, told.State);
        Assert.Contains("overheat cannot issue shutValve: 64 commands", told.Why);

        CommandRecord first = tank.State.Commands.First(c => c.Policy is not null);
        tank.Apply(PackedInputs.Pack(
            InputKind.CommandResult,
            FoldRig.At(400),
            new CommandResultInput(first.Id, CommandStatus.Succeeded),
            TwinGridJson.Default.CommandResultInput));
        tank.Number(401, 95, name: "level");
        Assert.Equal(65, tank.State.Commands.Count(c => c.Policy == "overheat"));
        Assert.Equal(AlarmState.Cleared, told.State);
    }

    [Fact]
    public void A_policy_that_only_advises_sends_nothing()
    {
        TwinSimulation twin = Turbine(s_overheat with { Mode = PolicyMode.Advise });
        Run(twin, 90, seconds: 31);
        Assert.Single(twin.Alarms);
        Assert.Empty(twin.Commands);
    }

    [Fact]
    public void The_kill_switch_calls_back_what_a_policy_queued_and_no_device_has()
    {
        Run(_turbine, 90, seconds: 31);
        _turbine.Mode = ControlMode.Advise;
        Run(_turbine, 90, seconds: 1);
        CommandSnapshot command = Assert.Single(_turbine.Snapshot.Commands);
        Assert.Equal(CommandStatus.Cancelled, command.Status);
        Assert.Equal("TwinGrid:Control:Mode is Advise", command.Message);
    }

    [Fact]
    public void A_command_without_effect_in_time_raises_the_unverified_alarm_and_a_late_effect_clears_it()
    {
        Run(_turbine, 90, seconds: 31);
        _turbine.Answer(_turbine.Commands[0].Id, CommandStatus.Succeeded);
        Run(_turbine, 90, seconds: 299);
        Assert.DoesNotContain(_turbine.Alarms, a => a.Name == "overheat.unverified");
        _turbine.Wait(TimeSpan.FromSeconds(2));
        AlarmSnapshot alarm = Assert.Single(_turbine.Alarms, a => a.Name == "overheat.unverified");
        Assert.Equal("bearingTemperature < 80 did not come true within 5m of the command derate", alarm.Why);
        Run(_turbine, 70, seconds: 1);
        AlarmSnapshot cleared = _turbine.Alarms[^2];
        Assert.Equal(("overheat.unverified", AlarmState.Cleared), (cleared.Name, cleared.State));
    }

    [Fact]
    public void A_command_that_had_its_effect_raises_nothing_more()
    {
        Run(_turbine, 90, seconds: 31);
        Run(_turbine, 70, seconds: 1);
        _turbine.Wait(TimeSpan.FromMinutes(10));
        Assert.DoesNotContain(_turbine.Alarms, a => a.Name == "overheat.unverified");
    }

    [Fact]
    public void A_condition_on_silence_is_judged_in_grid_time_without_a_reading()
    {
        TwinSimulation twin = Turbine(new PolicyDefinition { Name = "silent", When = "age(bearingTemperature) > 10" });
        twin.Read(("bearingTemperature", 50)).Wait(TimeSpan.FromSeconds(10));
        Assert.Empty(twin.Alarms);
        twin.Wait(TimeSpan.FromSeconds(1));
        Assert.Equal(AlarmState.Active, Assert.Single(twin.Alarms).State);
        twin.Read(("bearingTemperature", 50));
        Assert.Equal(AlarmState.Cleared, twin.Alarms[^1].State);
    }

    [Fact]
    public void Old_buffered_data_never_causes_a_command()
    {
        FoldRig twin = new(Definition(s_overheat with { For = default }));
        twin.Number(1000, 95, ts: 900, name: "bearingTemperature");
        twin.Send(1001, w => w.Number("bearingTemperature"u8, 96), ts: 1001, historical: true);
        twin.Number(1002, 5, ts: 1002, name: "power");
        Assert.Empty(twin.State.Commands);
        Assert.Equal(96, twin.Value("bearingTemperature"));
        twin.Number(1003, 95, ts: 1003, name: "bearingTemperature");
        Assert.Single(twin.State.Commands);
    }

    [Fact]
    public void Old_buffered_data_causes_no_command_through_a_prediction_either()
    {
        TwinDefinition kind = Definition(new PolicyDefinition
        {
            Name = "deviates",
            When = "predictions.echo.value > 90",
            Mode = PolicyMode.Act,
            Command = new PolicyCommand { Name = "derate" },
        }) with
        {
            Models = [new ModelDefinition { Name = "echo", Type = "Echo", Inputs = ["bearingTemperature"] }],
        };
        FoldRig twin = new(kind, [new PredictiveModelType("Echo", _ => new EchoModel())]);
        twin.Number(1000, 95, ts: 900, name: "bearingTemperature");
        twin.Number(1001, 5, ts: 1001, name: "power");
        Assert.Empty(twin.State.Commands);
        twin.Number(1002, 95, ts: 1002, name: "bearingTemperature");
        Assert.Single(twin.State.Commands);
    }

    [Fact]
    public void A_property_that_is_reported_is_judged_without_waiting_for_a_reading()
    {
        FoldRig twin = new(Definition(new PolicyDefinition { Name = "high", When = "properties.reported.level > 5" }));
        twin.Apply(PackedInputs.Pack(InputKind.ReportedProperties, FoldRig.At(1), "{\"level\":6}"u8));
        Assert.Equal(AlarmState.Active, Assert.Single(twin.State.Alarms).State);
        twin.Apply(PackedInputs.Pack(InputKind.ReportedProperties, FoldRig.At(2), "{\"level\":1}"u8));
        Assert.Equal(AlarmState.Cleared, Assert.Single(twin.State.Alarms).State);
    }

    [Fact]
    public void Hold_time_does_not_count_while_the_kill_switch_is_off()
    {
        Run(_turbine, 90, seconds: 5);
        _turbine.Mode = ControlMode.Off;
        Run(_turbine, 90, seconds: 60);
        _turbine.Mode = ControlMode.Act;
        Run(_turbine, 90, seconds: 29);
        Assert.Empty(_turbine.Alarms);
        Run(_turbine, 90, seconds: 3);
        Assert.Single(_turbine.Commands);
    }

    [Fact]
    public void A_kind_that_no_longer_acts_or_verifies_owes_nothing()
    {
        FoldRig twin = new(Definition(s_overheat with { For = default }));
        twin.Mode = ControlMode.Advise;
        twin.Number(1, 90, ts: 1, name: "bearingTemperature");
        TwinDefinition calm = Definition(s_overheat with { For = default, Mode = PolicyMode.Advise, Verify = null });
        byte[] stored = StateWriter.Write(twin.State);
        TwinState moved = StateReader.Read(twin.State.Twin, new FoldRig(calm).State.Kind, stored);
        Assert.True(moved.Policies[0].Raised);
        Assert.False(moved.Policies[0].CommandOwed);
    }

    [Fact]
    public void An_alarm_whose_policy_is_gone_is_cleared()
    {
        FoldRig twin = new(Definition(s_overheat with { For = default }));
        twin.Number(1, 90, ts: 1, name: "bearingTemperature");
        TwinDefinition other = Definition(s_overheat with { Name = "hot" });
        byte[] stored = StateWriter.Write(twin.State);
        TwinState moved = StateReader.Read(twin.State.Twin, new FoldRig(other).State.Kind, stored);
        AlarmRecord alarm = Assert.Single(moved.Alarms);
        Assert.Equal((AlarmState.Cleared, "the kind has no such policy any more"), (alarm.State, alarm.Why));
    }

    [Fact]
    public void A_policy_of_a_users_own_is_run_like_any_other()
    {
        TwinSimulation twin = new(
            Definition(new PolicyDefinition { Name = "own", Type = "Loud", Mode = PolicyMode.Advise }),
            policies: [new ControlPolicyType("Loud", _ => new LoudPolicy())]);
        twin.Read(("bearingTemperature", 5)).Read(("bearingTemperature", 11)).Read(("bearingTemperature", 5));
        Assert.Equal(
            [(AlarmState.Active, "it is loud at 11"), (AlarmState.Cleared, "it is loud at 5")],
            twin.Alarms.Select(a => (a.State, a.Why)));
    }

    private static TwinSimulation Turbine(PolicyDefinition policy) => new(Definition(policy));

    private static TwinDefinition Definition(PolicyDefinition policy) => new()
    {
        Kind = "turbine",
        Telemetry =
        [
            new TelemetryDefinition { Name = "bearingTemperature", Unit = "degreeCelsius" },
            new TelemetryDefinition { Name = "power" },
        ],
        Policies = [policy],
    };

    private static void Run(TwinSimulation twin, double temperature, int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            twin.Wait(TimeSpan.FromSeconds(1)).Read(("bearingTemperature", temperature));
        }
    }

    private sealed class EchoModel : PredictiveModel<double>
    {
        protected override void Update(in ModelInput input, ref double state, ref Prediction prediction) =>
            prediction.Value = state = input.Inputs[0];

        protected override string Explain(in Prediction prediction, in double state) => "it says what it hears";
    }

    private sealed class LoudPolicy : IControlPolicy
    {
        public PolicyVerdict Judge(TwinView twin) =>
            twin.Number("bearingTemperature") > 10 ? PolicyVerdict.Raise : PolicyVerdict.Clear;

        public string Explain(TwinView twin) => $"it is loud at {twin.Number("bearingTemperature")}";
    }
}
