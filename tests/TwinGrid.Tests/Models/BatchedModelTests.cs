using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.Tests.Hosting;
using TwinGrid.Tests.Twins;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Modelling;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Models;

/// <summary>Models that run outside the turn, for many twins at once.</summary>
public sealed class BatchedModelTests
{
    private static readonly TwinDefinition Kind = new()
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
    public async Task Twins_that_ask_while_a_run_is_under_way_share_the_next_one()
    {
        Doubling model = new() { Holds = true };
        await using RunningGrid grid = await StartAsync(model);
        await SendAsync(grid, "first", 1);
        await Eventually.HoldsAsync(() => Task.FromResult(model.Runs.Count == 1));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => SendAsync(grid, $"f{i}", i)));

        // One of them asks once more before it was answered: its newest row counts.
        await SendAsync(grid, "f7", 70);
        model.Release();
        await Eventually.HoldsAsync(async () => await ValueAsync(grid, "f49") == 98);
        Assert.Equal(2, await ValueAsync(grid, "first"));
        Assert.Equal(140, await ValueAsync(grid, "f7"));
        Assert.Equal([1, 32, 18], model.Runs);
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

    [Fact]
    public async Task A_row_on_which_a_model_fails_takes_no_other_row_with_it()
    {
        Doubling model = new() { Holds = true, Refuses = 13 };
        await using RunningGrid grid = await StartAsync(model);
        await SendAsync(grid, "first", 1);
        await Eventually.HoldsAsync(() => Task.FromResult(model.Runs.Count == 1));
        await Task.WhenAll(Enumerable.Range(0, 32).Select(i => SendAsync(grid, $"f{i}", i)));
        model.Release();
        await Eventually.HoldsAsync(async () => await ValueAsync(grid, "f31") == 62);
        foreach (int i in Enumerable.Range(0, 32).Where(i => i != 13))
        {
            await Eventually.HoldsAsync(async () => await ValueAsync(grid, $"f{i}") == 2 * i);
        }

        await Eventually.HoldsAsync(async () => (await Twin(grid, "f13").GetAsync())!.Predictions.ContainsKey("twice"));
        Assert.Null(await ValueAsync(grid, "f13"));

        // The first, alone; then by halves: 32, and two each of 16, 8, 4, 2 and 1.
        Assert.Equal([32, 16, 16, 8, 8, 4, 4, 2, 2, 1, 1, 1], model.Runs.OrderDescending());
    }

    [Fact]
    public void A_model_that_always_fails_is_told_of_once_a_minute()
    {
        FakeTimeProvider clock = new();
        ModelLane lane = new();
        Assert.Equal(1, lane.Fail(clock));
        for (int i = 0; i < 600; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(99));
            Assert.Null(lane.Fail(clock));
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(601, lane.Fail(clock));
    }

    [Fact]
    public async Task A_stop_waits_for_rows_that_were_asked_for_two_seconds_and_drops_the_others()
    {
        FakeTimeProvider clock = new();
        Doubling model = new() { Holds = true };
        ModelBatches batches = new(new ActiveTwins(), clock, NullLogger<ModelBatches>.Instance);
        Ask(batches, model, "running");
        await Eventually.HoldsAsync(() => Task.FromResult(model.Runs.Count == 1));
        Ask(batches, model, "waits");

        Task stop = batches.StopAsync(CancellationToken.None);
        Assert.False(stop.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(2));
        await stop;
        Ask(batches, model, "late");
        model.Release();
        await batches.StopAsync(CancellationToken.None);
        Assert.Equal([1], model.Runs);
    }

    [Fact]
    public async Task A_stop_ends_at_once_when_what_was_asked_is_run()
    {
        Doubling model = new() { Holds = true };
        ModelBatches batches = new(new ActiveTwins(), new FakeTimeProvider(), NullLogger<ModelBatches>.Instance);
        Ask(batches, model, "running");
        await Eventually.HoldsAsync(() => Task.FromResult(model.Runs.Count == 1));
        Ask(batches, model, "waits");
        Task stop = batches.StopAsync(CancellationToken.None);
        model.Release();
        await stop;
        Assert.Equal([1, 1], model.Runs);
    }

    [Fact]
    public async Task A_run_that_fails_leaves_the_twin_without_a_prediction_and_the_next_one_counts()
    {
        Doubling model = new() { Fails = true };
        await using RunningGrid grid = await StartAsync(model);
        await SendAsync(grid, "f", 1);
        await Eventually.HoldsAsync(() => Task.FromResult(model.Runs.Count == 1));
        model.Fails = false;
        await SendAsync(grid, "f", 2);
        await Eventually.HoldsAsync(async () => await ValueAsync(grid, "f") == 4);
    }

    [Fact]
    public async Task A_grid_runs_an_ONNX_file_that_its_kind_names()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("twingrid-onnx-");
        OnnxFile.Linear(OnnxFile.Float, -1, [2], 1).Write(directory.FullName, "fan.onnx");
        await File.WriteAllTextAsync(
            Path.Combine(directory.FullName, "fan.twin.json"),
            """
            { "kind": "fan", "telemetry": { "speed": {} },
              "models": [ { "name": "twice", "type": "Onnx", "inputs": ["speed"],
                            "options": { "path": "fan.onnx" } } ],
              "policies": [ { "name": "fast", "when": "predictions.twice.value > 100" } ] }
            """);
        await using (RunningGrid grid = await RunningGrid.StartAsync(
            static silo => silo.Services.AddOnnxModels(), ("TwinGrid:DefinitionsDirectory", directory.FullName)))
        {
            await SendAsync(grid, "f", 60);
            await Eventually.HoldsAsync(async () => await ValueAsync(grid, "f") == 121);
            TwinSnapshot twin = (await Twin(grid, "f").GetAsync())!;
            Assert.Equal("fast", Assert.Single(twin.Alarms).Name);
            Assert.Equal(2, twin.Revision);
        }

        directory.Delete(recursive: true);
    }

    private static Task<RunningGrid> StartAsync(Doubling model) => RunningGrid.StartAsync(silo =>
    {
        silo.Services.AddPredictiveModel("Doubling", _ => model);
        silo.AddDefinition(Kind);
    });

    private static ITwin Twin(RunningGrid grid, string key) => grid.Services.GetRequiredService<IGrainFactory>()
        .GetGrain<ITwin>(new TwinId("fan", key).ToGrainKey());

    private static async Task SendAsync(RunningGrid grid, string key, double speed)
    {
        HttpResponseMessage answer = await grid.Http.PostAsync(
            $"/api/v1/twins/fan/{key}/telemetry/speed", new StringContent($"{speed}"));
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<double?> ValueAsync(RunningGrid grid, string key) =>
        (await Twin(grid, key).GetAsync())?.Predictions.GetValueOrDefault("twice")?.Value;

    private static void Ask(ModelBatches batches, Doubling model, string key)
    {
        FoldRig twin = new(Kind, [new PredictiveModelType("Doubling", _ => model)], key);
        twin.Number(0, 60, name: "speed");
        batches.Ask(twin.State, twin.Effects);
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

    /// <summary>Twice its input, 32 rows at once at most; remembers how many rows each run had.</summary>
    private sealed class Doubling : BatchedModel
    {
        private readonly ManualResetEventSlim _released = new();

        public bool Holds { get; init; }

        public bool Fails { get; set; }

        /// <summary>A number that it cannot be run on.</summary>
        public double? Refuses { get; init; }

        public ConcurrentQueue<int> Runs { get; } = new();

        public override int StateLength => 1;

        public override int RowLength => 1;

        public override int OutputLength => 1;

        public override int BatchSize => 32;

        public void Release() => _released.Set();

        public override void Open()
        {
        }

        public override void Initialize(Span<double> state) => state.Clear();

        public override bool Take(in ModelInput input, Span<double> state)
        {
            state[0] = input.Inputs[0];
            return true;
        }

        public override void WriteRow(ReadOnlySpan<double> state, Span<double> row) => row[0] = state[0];

        public override void Run(ReadOnlySpan<double> rows, Span<double> outputs)
        {
            Runs.Enqueue(rows.Length);
            if (Holds)
            {
                _released.Wait(TestContext.Current.CancellationToken);
            }

            if (Fails || (Refuses is { } refused && rows.Contains(refused)))
            {
                throw new InvalidOperationException("no memory on the card");
            }

            for (int i = 0; i < rows.Length; i++)
            {
                outputs[i] = 2 * rows[i];
            }
        }

        public override void Accept(ReadOnlySpan<double> outputs, ref Prediction prediction) =>
            prediction = Prediction.None with { Value = outputs[0] };

        public override string Explain(in Prediction prediction, ReadOnlySpan<double> state) => "twice";
    }
}
