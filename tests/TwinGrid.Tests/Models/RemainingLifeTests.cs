using TwinGrid.Models.RemainingLife;

namespace TwinGrid.Tests.Models;

public sealed class RemainingLifeTests
{
    private static readonly LifeHistory Unit = RemainingLifeFleet.Make(1, seed: 99)[0];

    [Fact]
    public void Units_not_seen_before_are_predicted_far_better_than_by_mean_life_minus_age()
    {
        RemainingLifeParameters parameters = RemainingLifeFleet.Parameters;
        LifeHistory[] units = RemainingLifeFleet.Make(30, seed: 2);
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        double squares = 0;
        double meanLife = 0;
        double held = 0;
        int rows = 0;
        foreach (LifeHistory unit in units)
        {
            twin = new RemainingLifeTwin(twin.Model);
            for (int row = 0; row < unit.Rows; row++)
            {
                Prediction said = twin.Send(unit, row);
                double truth = Math.Min(unit.RemainingAt(row), parameters.Cap);
                squares += Math.Pow(said.Value - truth, 2);
                meanLife += Math.Pow(Math.Clamp(120 - unit.Ages[row], 0, parameters.Cap) - truth, 2);
                held += said.Lower <= truth && truth <= said.Upper ? 1 : 0;
                rows++;
            }
        }

        Assert.InRange(Math.Sqrt(squares / meanLife), 0, 0.6);
        Assert.InRange(held / rows, 0.82, 0.97);
    }

    [Fact]
    public void It_says_the_interval_its_coverage_the_cap_and_the_time_that_is_left()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        Assert.False(twin.Prediction.HasValue);
        Assert.Equal("no sensor was read yet", twin.Why);

        Prediction said = twin.Send(Unit, ..^20);
        Assert.Equal(0.9, said.Confidence);
        Assert.Equal(RemainingLifeFleet.Parameters.Cap, said.Threshold);
        Assert.InRange(said.Value, said.Lower, said.Upper);

        // A message an hour and a cycle a message: so many hours.
        Assert.Equal(said.Value * 3600, said.Horizon, 6);
    }

    [Fact]
    public void The_reason_names_the_sensors_that_wear_with_what_is_seen_and_what_is_healthy()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        twin.Send(Unit, ..^5);
        Assert.Matches(
            @"^[\d.]+ left at age \d+ \([\d.]+ to [\d.]+ at 90% confidence\): .*"
            + @"temperature averages [\d.]+ where [\d.]+ is healthy \(-[\d.]+\)",
            twin.Why);
        Assert.DoesNotContain("voltage", twin.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repaired_unit_is_as_new()
    {
        RemainingLifeTwin repaired = RemainingLifeFleet.Twin();
        RemainingLifeTwin fresh = RemainingLifeFleet.Twin();
        Prediction worn = repaired.Send(Unit, ..^3);
        Assert.InRange(worn.Value, 0, 15);

        repaired.Send(("repaired", 1));
        Assert.False(repaired.Prediction.HasValue);
        LifeHistory next = RemainingLifeFleet.Make(1, seed: 5)[0];
        for (int row = 0; row < 50; row++)
        {
            // The counter goes on counting; the first cycle after the repair follows the last one before.
            Prediction said = repaired.Send(next, row, counterAhead: Unit.Ages[^4]);
            Assert.Equal(fresh.Send(next, row).Value, said.Value);
        }
    }

    [Fact]
    public void A_repair_counts_when_it_turns_true_and_not_while_it_stays_so()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        twin.Send(Unit, ..30);
        twin.Send(("repaired", 1));
        twin.Send(Unit, 30..60);
        Assert.True(twin.Send(("repaired", 1)).HasValue);
        twin.Send(("repaired", 0));
        Assert.True(twin.Prediction.HasValue);
        Assert.False(twin.Send(("repaired", 1)).HasValue);
    }

    [Fact]
    public void Readings_that_come_in_several_messages_are_as_one()
    {
        RemainingLifeTwin whole = RemainingLifeFleet.Twin();
        RemainingLifeTwin parted = RemainingLifeFleet.Twin();
        for (int row = 0; row < 40; row++)
        {
            whole.Send(Unit, row);
            parted.Send(("cycle", Unit.Ages[row]), ("speed", Unit.Settings[row][0]));
            parted.Send(("temperature", Unit.Sensors[row][0]));
            parted.Send(("pressure", Unit.Sensors[row][1]), ("voltage", Unit.Sensors[row][2]));
            Assert.Equal(whole.Prediction.Value, parted.Prediction.Value);
        }
    }

    [Fact]
    public void Without_a_counter_readings_are_counted()
    {
        RemainingLifeTwin counter = RemainingLifeFleet.Twin();
        RemainingLifeTwin counting = RemainingLifeFleet.Twin(RemainingLifeFleet.ParametersWithoutCounter);
        for (int row = 0; row < 40; row++)
        {
            counter.Send(Unit, row);
            counting.Send(("speed", Unit.Settings[row][0]), ("temperature", Unit.Sensors[row][0]));
            counting.Send(("pressure", Unit.Sensors[row][1]), ("voltage", Unit.Sensors[row][2]));
            Assert.Equal(counter.Prediction.Value, counting.Prediction.Value);
        }
    }

    [Fact]
    public void A_unit_that_is_silent_for_a_while_is_older_when_it_comes_back()
    {
        RemainingLifeTwin all = RemainingLifeFleet.Twin();
        RemainingLifeTwin gap = RemainingLifeFleet.Twin();
        all.Send(Unit, ..^10);
        gap.Send(Unit, ..30);
        gap.Send(Unit, ^25..^10);
        Assert.Equal(all.Prediction.Value, gap.Prediction.Value, 15.0);
        Assert.Contains($"at age {Unit.Ages[^11]}", gap.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_counter_that_goes_back_makes_nothing_younger()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        twin.Send(Unit, ..60);
        twin.Send(("cycle", 1));
        Assert.Contains("at age 60", twin.Why, StringComparison.Ordinal);
        twin.Send(("cycle", 3));
        Assert.Contains("at age 62", twin.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1e9)]
    [InlineData(1e6)]
    [InlineData(94)]
    [InlineData(0)]
    [InlineData(-3)]
    public void One_wild_counter_ages_nobody(double wild)
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        twin.Send(Unit, ..30);
        twin.Send(("cycle", wild));
        Assert.Contains("at age 30", twin.Why, StringComparison.Ordinal);
        twin.Send(("temperature", Unit.Sensors[30][0]));
        twin.Send(Unit, 30..32);
        Assert.Contains("at age 32", twin.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1e9, "1e9")]
    [InlineData(94, "94")]
    [InlineData(-3, "-3")]
    public void A_wild_counter_at_first_ages_nobody_and_nothing_is_said_of_it(double wild, string named)
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        twin.Send(Unit, 0, counterAhead: wild - Unit.Ages[0]);
        Assert.False(twin.Prediction.HasValue);
        Assert.Contains($"its counter reads {named}", twin.Why, StringComparison.Ordinal);

        RemainingLifeTwin fresh = RemainingLifeFleet.Twin();
        for (int row = 0; row < 40; row++)
        {
            Assert.Equal(fresh.Send(Unit, row).Value, twin.Send(Unit, row).Value);
        }
    }

    [Fact]
    public void A_counter_that_is_stuck_at_a_wild_value_ages_nobody()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        twin.Send(Unit, ..30);
        twin.Send(("cycle", 65_535));
        twin.Send(("cycle", 65_535));
        twin.Send(Unit, 30..32);
        Assert.Contains("at age 32", twin.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_twin_that_begins_within_a_life_is_as_old_as_its_counter_says_when_that_goes_on()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        Assert.False(twin.Send(Unit, 59).HasValue);
        Assert.True(twin.Send(Unit, 60).HasValue);
        Assert.Contains("at age 61", twin.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_counter_that_leapt_is_believed_when_it_goes_on_from_there()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        twin.Send(Unit, ..60);
        twin.Send(("cycle", 100_000));
        twin.Send(("cycle", 100_001));
        Assert.Contains("at age 100,001", twin.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repair_flag_that_is_not_known_for_a_while_is_no_second_repair()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        twin.Send(("repaired", 1));
        twin.Send(Unit, ..30);
        twin.Send(("repaired", double.NaN));
        Assert.True(twin.Send(("repaired", 1)).HasValue);
        Assert.Contains("at age 30", twin.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_regime_that_no_history_shows_sensors_are_not_believed()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        twin.Send(("cycle", 1), ("speed", 9000), ("temperature", 2000));
        Assert.Contains("no known regime", twin.Why, StringComparison.Ordinal);

        twin.Send(Unit, ..60);
        double before = twin.Prediction.Value;
        twin.Send(("speed", 9000), ("temperature", 2000), ("pressure", -50));
        Assert.Equal(before, twin.Prediction.Value);
        Assert.Contains("no known regime now", twin.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "parameters": 5 }""", "options.parameters: expected an object, found Number")]
    [InlineData("{ }", "options.parameters: RemainingLife needs it")]
    [InlineData("""{ "parameters": { } }""", "options.parameters: ")]
    public void Wrong_options_say_what_was_expected(string options, string problem)
    {
        ModelDefinition definition = RemainingLifeFleet.Define(RemainingLifeFleet.Parameters) with
        {
            Options = System.Text.Json.JsonDocument.Parse(options).RootElement,
        };
        var wrong = Assert.Throws<DefinitionException>(() => RunningModel.Start(definition));
        Assert.Contains(problem, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_that_the_parameters_need_and_the_kind_does_not_give_is_named()
    {
        ModelDefinition definition = RemainingLifeFleet.Define(RemainingLifeFleet.Parameters) with
        {
            Inputs = ["cycle", "speed", "pressure"],
        };
        var wrong = Assert.Throws<DefinitionException>(() => RunningModel.Start(definition));
        Assert.Contains("needs 'temperature', which is not among them", wrong.Message, StringComparison.Ordinal);

        ModelDefinition reset = RemainingLifeFleet.Define(
            RemainingLifeFleet.Parameters, """, "resetOn": "overhauled" """);
        wrong = Assert.Throws<DefinitionException>(() => RunningModel.Start(reset));
        Assert.Contains("options.resetOn: expected one of the inputs cycle,", wrong.Message, StringComparison.Ordinal);
    }
}
