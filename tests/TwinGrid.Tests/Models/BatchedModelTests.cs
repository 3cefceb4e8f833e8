using System.Text.Json;
using TwinGrid.Tests.Twins;
using TwinGrid.Twins.Modelling;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Models;

/// <summary>What the fold makes of models that run outside the turn.</summary>
public sealed class BatchedModelTests
{
    internal static readonly TwinDefinition Kind = new()
    {
        Kind = "fan",
        Telemetry = [new() { Name = "speed" }],
        Models = [new() { Name = "twice", Type = "Doubling", Inputs = ["speed"] }],
        Policies = [new() { Name = "fast", When = "predictions.twice.value > 100" }],
    };

    private static readonly TwinDefinition Braking = Kind with
    {
        Commands = [new() { Name = "brake" }],
        Policies =
        [
            new()
            {
                Name = "fast",
                When = "predictions.twice.value > 100",
                Mode = PolicyMode.Act,
                Command = new() { Name = "brake" },
            },
        ],
    };

    [Fact]
    public void What_a_model_said_is_an_input_and_folding_it_again_runs_nothing()
    {
        Doubling model = new();
        FoldRig twin = new(Kind, [new PredictiveModelType("Doubling", _ => model)]);
        twin.Number(0, 60, name: "speed");
        Assert.Equal(1UL, twin.Effects.Asked);
        Assert.False(twin.State.Predictions[0].HasValue);

        twin.Apply(Said(1, 120));
        Assert.Equal((120, FoldRig.At(0)), (twin.State.Predictions[0].Value, twin.State.Predictions[0].At));
        Assert.Equal("fast", Assert.Single(twin.Effects.Alarms).Name);
        Assert.Equal(1UL, twin.Effects.Predictions);

        FoldRig again = new(Kind, [new PredictiveModelType("Doubling", _ => new Doubling())]);
        TwinFold.Apply(again.State, again.Header, twin.Log, again.Effects);
        again.State.Revision = twin.State.Revision;
        Assert.Equal(StateWriter.Write(twin.State), StateWriter.Write(again.State));
        Assert.Empty(model.Runs);
    }

    [Fact]
    public void What_was_said_of_yesterdays_reading_gives_no_command()
    {
        FoldRig twin = new(Braking, [new PredictiveModelType("Doubling", _ => new Doubling())]);
        twin.Number(0, 60, ts: -86_400, name: "speed");
        Answer(twin);
        Assert.Equal(120, twin.State.Predictions[0].Value);
        Assert.Empty(twin.State.Commands);

        // The reading is live now, but what the model said is still of yesterday, here and after a restart.
        twin.Number(1, 1, name: "speed");
        Assert.Empty(twin.State.Commands);
        byte[] stored = StateWriter.Write(twin.State);
        TwinState read = StateReader.Read(twin.State.Twin, twin.State.Kind, stored);
        Assert.Equal(stored, StateWriter.Write(read));
        TwinFold.Apply(read, twin.Header, PackedInputs.Pack(InputKind.ReportedProperties, FoldRig.At(2), "{}"u8),
            new TurnEffects());
        Assert.Empty(read.Commands);

        twin.Number(3, 60, name: "speed");
        Assert.Empty(twin.State.Commands);
        Answer(twin);
        Assert.Equal("brake", Assert.Single(twin.State.Commands).Name);
    }

    [Fact]
    public void An_answer_to_yesterdays_reading_that_comes_after_a_live_one_gives_no_command()
    {
        FoldRig twin = new(Braking, [new PredictiveModelType("Doubling", _ => new Doubling())]);
        twin.Number(0, 60, ts: -86_400, name: "speed");
        ModelRow asked = ModelRow.Of(twin.State, 0, twin.Effects.AskedOfHistory);
        twin.Number(1, 1, name: "speed");
        twin.Apply(asked.Answer([120], FoldRig.At(2)));

        Assert.Equal(120, twin.State.Predictions[0].Value);
        Assert.Empty(twin.State.Commands);
    }

    [Fact]
    public void What_was_expected_and_the_bound_stand_in_the_snapshot()
    {
        FoldRig twin = new(Kind, [new PredictiveModelType("Doubling", _ => new Doubling())]);
        twin.Number(0, 60, name: "speed");
        twin.Apply(Said(1, 120));
        twin.State.Predictions[0].Expected = 90;
        twin.State.Predictions[0].Threshold = 100;

        PredictionSnapshot said = SnapshotBuilder.Prediction(twin.State, 0);
        Assert.Equal((90, 100), (said.Expected, said.Threshold));
        JsonElement json = JsonSerializer.SerializeToElement(said, TwinGridJson.Default.PredictionSnapshot);
        Assert.Equal(90, json.GetProperty("expected").GetDouble());
        Assert.Equal(100, json.GetProperty("threshold").GetDouble());
    }

    [Fact]
    public void What_was_said_by_another_version_or_of_another_shape_changes_nothing()
    {
        FoldRig twin = new(Kind, [new PredictiveModelType("Doubling", _ => new Doubling())]);
        twin.Number(0, 60, name: "speed");
        foreach (byte[] said in new[] { Said(2, 1), Said(1), Said(1, 1, 2), Said(1, "other", 1) })
        {
            twin.Apply(said);
            Assert.False(twin.State.Predictions[0].HasValue);
            Assert.False(twin.Effects.Changed);
        }
    }

    [Fact]
    public void What_was_said_to_a_twin_that_is_gone_does_not_bring_it_back()
    {
        FoldRig twin = new(Kind, [new PredictiveModelType("Doubling", _ => new Doubling())]);
        twin.Apply(Said(1, 120));

        Assert.False(twin.State.Exists);
        Assert.False(twin.Effects.Changed);
    }

    [Fact]
    public void Numbers_of_any_sort_survive_the_log()
    {
        foreach (double number in new[] { 0.1, -0.0, double.NaN, double.PositiveInfinity, 5e-324, double.MaxValue })
        {
            InputReader reader = new(Said(1, number));
            Assert.True(reader.Next());
            Assert.Equal(
                BitConverter.DoubleToInt64Bits(number),
                BitConverter.DoubleToInt64Bits(reader.Json(TwinGridJson.Default.ModelOutputInput).Outputs[0]));
        }
    }

    [Fact]
    public void What_was_said_under_another_revision_of_the_definition_changes_nothing()
    {
        FoldRig twin = new(Kind, [new PredictiveModelType("Doubling", _ => new Doubling())]);
        twin.Number(0, 60, name: "speed");
        ModelRow asked = ModelRow.Of(twin.State, 0, 0);
        twin.Apply((asked with { Definition = twin.State.Kind.Revision + 1 }).Answer([120], FoldRig.At(1)));
        Assert.False(twin.State.Predictions[0].HasValue);
        Assert.False(twin.Effects.Changed);

        twin.Apply(asked.Answer([120], FoldRig.At(2)));
        Assert.Equal(120, twin.State.Predictions[0].Value);
    }

    [Fact]
    public void A_row_that_could_not_be_run_takes_the_prediction_back()
    {
        FoldRig twin = new(Kind, [new PredictiveModelType("Doubling", _ => new Doubling())]);
        twin.Number(0, 60, name: "speed");
        Answer(twin);
        Assert.Equal(AlarmState.Active, Assert.Single(twin.State.Alarms).State);

        twin.Number(1, 70, name: "speed");
        twin.Apply(ModelRow.Of(twin.State, 0, 0).Failure(FoldRig.At(1)));
        Assert.False(twin.State.Predictions[0].HasValue);
        Assert.Equal(FoldRig.At(1), twin.State.Predictions[0].At);

        // What is not known neither raises nor clears.
        Assert.Equal(AlarmState.Active, Assert.Single(twin.State.Alarms).State);
    }

    /// <summary>Runs the model on what the last turn asked.</summary>
    private static void Answer(FoldRig twin)
    {
        Assert.Equal(1UL, twin.Effects.Asked);
        ModelRow row = ModelRow.Of(twin.State, 0, twin.Effects.AskedOfHistory);
        double[] outputs = new double[1];
        row.Model.Run(row.Values, outputs);
        twin.Apply(row.Answer(outputs, row.At));
    }

    private static byte[] Said(int version, params double[] outputs) => Said(version, "twice", outputs);

    private static byte[] Said(int version, string model, params double[] outputs) => PackedInputs.Pack(
        InputKind.ModelOutput,
        FoldRig.At(1),
        new ModelOutputInput(model, version, FoldRig.At(0), outputs),
        TwinGridJson.Default.ModelOutputInput);
}
