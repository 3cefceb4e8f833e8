using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TwinGrid.ModelBench.Onnx;
using TwinGrid.Tests.Hosting;
using TwinGrid.Tests.Twins;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Modelling;

namespace TwinGrid.Tests.Models;

/// <summary>Models that run outside the turn, for many twins of a silo at once.</summary>
public sealed class ModelBatchesTests
{
    private static readonly TwinDefinition Kind = BatchedModelTests.Kind;

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
}
