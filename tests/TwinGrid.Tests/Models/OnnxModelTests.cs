using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TwinGrid.ModelBench.Onnx;
using TwinGrid.Models.Onnx;
using TwinGrid.Tests.Twins;
using TwinGrid.Twins;
using TwinGrid.Twins.Modelling;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Models;

public sealed class OnnxModelTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("twingrid-onnx-");
    private readonly PredictiveModelType _type;
    private readonly ITestOutputHelper _output;

    public OnnxModelTests(ITestOutputHelper output)
    {
        _output = output;
        _type = new ServiceCollection().AddOnnxModels(_directory.FullName).BuildServiceProvider()
            .GetRequiredService<PredictiveModelType>();
    }

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(OnnxFile.Float)]
    [InlineData(OnnxFile.Double)]
    public void A_twin_predicts_what_the_graph_computes(int type)
    {
        Write(OnnxFile.Linear(type, -1, [2, -0.5], 10));
        TwinSimulation twin = Twin("""{ "path": "model.onnx", "unit": "kilowatt", "threshold": 12 }""", "a", "b");

        // 2·3 - 0.5·4 + 10 = 14; then a changes alone: 2·5 - 2 + 10 = 18.
        PredictionSnapshot said = twin.Read(("a", 3), ("b", 4)).Snapshot.Predictions["m"];
        Assert.Equal((14, "kilowatt"), (said.Value, said.Unit));
        Assert.Equal(twin.Now, said.At);
        Assert.Equal("model.onnx gives 14 for a 3, b 4", said.Why);
        Assert.Equal(18, twin.Read(("a", 5)).Snapshot.Predictions["m"].Value);
    }

    [Fact]
    public void What_is_small_is_not_told_as_nothing()
    {
        Write(OnnxFile.Linear(OnnxFile.Double, -1, [2], 0));
        TwinSimulation twin = Twin("""{ "path": "model.onnx" }""", "a");

        Assert.Equal(
            "model.onnx gives 2e-5 for a 1e-5",
            twin.Read(("a", 0.00001)).Snapshot.Predictions["m"].Why);
    }

    [Fact]
    public void Inputs_are_scaled_and_wait_until_all_are_known()
    {
        Write(OnnxFile.Linear(OnnxFile.Float, -1, [1, 100], 0));
        TwinSimulation twin = Twin(
            """{ "path": "model.onnx", "scale": { "a": 0.5 }, "offset": { "a": 3, "b": -1 } }""", "a", "b");

        Assert.Empty(twin.Read(("a", 8)).Snapshot.Predictions);

        // 8·0.5 + 3 + 100·(2 - 1) = 107.
        Assert.Equal(107, twin.Read(("b", 2)).Snapshot.Predictions["m"].Value);
    }

    [Fact]
    public void Columns_of_an_output_are_fields_of_the_prediction()
    {
        Write(new OnnxFile()
            .Input("x", OnnxFile.Float, -1, 1)
            .Constant("w", OnnxFile.Float, [1, 3], 1, 2, 3)
            .Node("MatMul", ["x", "w"], "quantiles")
            .Output("quantiles", OnnxFile.Float, -1, 3));
        const string Options =
            """
            { "path": "model.onnx", "confidence": 0.8, "horizon": "1h",
              "outputs": { "upper": "quantiles[2]", "value": "quantiles[1]", "lower": "quantiles[0]" } }
            """;
        PredictionSnapshot said = Twin(Options, "a").Read(("a", 10)).Snapshot.Predictions["m"];

        Assert.Equal((10, 20, 30), (said.Lower, said.Value, said.Upper));
        Assert.Equal((0.8, "PT1H"), (said.Confidence, said.Horizon));

        // Below zero the quantiles cross: -10 times 1, 2 and 3.
        said = Twin(Options, "a").Read(("a", -10)).Snapshot.Predictions["m"];
        Assert.Equal((-30, -20, -10), (said.Lower, said.Value, said.Upper));
    }

    [Fact]
    public void A_window_is_the_newest_messages_with_the_oldest_first()
    {
        // Weights 100, 10, 1 along the window: the newest message is the last digit.
        Write(new OnnxFile()
            .Input("x", OnnxFile.Float, -1, 3, 1)
            .Constant("w", OnnxFile.Float, [3, 1], 100, 10, 1)
            .Node("Mul", ["x", "w"], "weighted")
            .Node("ReduceMean", ["weighted"], "mean", "axes", 1)
            .Constant("three", OnnxFile.Float, [1], 3)
            .Node("Mul", ["mean", "three"], "y")
            .Output("y", OnnxFile.Float, -1, 1));
        TwinSimulation twin = Twin("""{ "path": "model.onnx", "window": 3 }""", "a");

        Assert.Empty(twin.Read(("a", 1)).Read(("a", 2)).Snapshot.Predictions);
        Assert.Equal(123, twin.Read(("a", 3)).Snapshot.Predictions["m"].Value!.Value, 1e-4);
        twin.Read(("a", 4)).Read(("a", 5)).Read(("a", 6));
        Assert.Equal(456, twin.Snapshot.Predictions["m"].Value!.Value, 1e-4);
    }

    [Fact]
    public void A_graph_may_have_an_input_for_each_telemetry()
    {
        Write(new OnnxFile()
            .Input("second", OnnxFile.Float, -1, 1)
            .Input("a", OnnxFile.Float, -1, 1)
            .Node("Sub", ["a", "second"], "y")
            .Output("y", OnnxFile.Float, -1, 1));
        BatchedModel model = Open("""{ "path": "model.onnx", "tensors": { "b": "second" } }""", "a", "b");
        double[] said = new double[3];
        model.Run([7, 2, 8, 1, 9, 4], said);

        Assert.Equal([5, 7, 5], said);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_graph_of_fixed_length_is_run_as_often_as_needed(int rows)
    {
        Write(OnnxFile.Linear(OnnxFile.Float, rows, [1], 0.5));
        BatchedModel model = Open("""{ "path": "model.onnx" }""", "a");
        double[] said = new double[6];
        model.Run([0, 1, 2, 3, 4, 5], said);

        Assert.Equal([0.5, 1.5, 2.5, 3.5, 4.5, 5.5], said);
    }

    [Fact]
    public void What_is_not_finite_is_no_prediction()
    {
        Write(new OnnxFile()
            .Input("x", OnnxFile.Float, -1, 1)
            .Node("Log", ["x"], "y")
            .Output("y", OnnxFile.Float, -1, 1));
        TwinSimulation twin = Twin("""{ "path": "model.onnx" }""", "a");

        Assert.Equal(0, twin.Read(("a", 1)).Snapshot.Predictions["m"].Value);
        PredictionSnapshot none = twin.Read(("a", -1)).Snapshot.Predictions["m"];
        Assert.Null(none.Value);
        Assert.Equal("model.onnx gave no number for a -1", none.Why);
    }

    [Fact]
    public void The_reason_is_the_row_that_was_asked_whatever_came_since()
    {
        Write(OnnxFile.Linear(OnnxFile.Float, -1, [2, -0.5], 10));
        FoldRig twin = new(Definition("""{ "path": "model.onnx" }""", "a", "b"), [_type]);
        twin.Send(0, w =>
        {
            w.Number("a"u8, 3);
            w.Number("b"u8, 4);
        });
        ModelRow asked = ModelRow.Of(twin.State, 0, 0);
        twin.Number(1, 500, name: "a");
        twin.Apply(asked.Answer([14], FoldRig.At(2)));

        PredictionSnapshot said = SnapshotBuilder.Prediction(twin.State, 0);
        Assert.Equal("model.onnx gives 14 for a 3, b 4", said.Why);
        Assert.Equal(FoldRig.Epoch, said.At);

        // What was read, and no word of what each was worth.
        Assert.Equal([new("a", null, 3, 0), new Contribution("b", null, 4, 0)], said.Contributions);

        twin.Apply(ModelRow.Of(twin.State, 0, 0).Failure(FoldRig.At(3)));
        Assert.Equal("model.onnx gave no number for a 500, b 4", SnapshotBuilder.Prediction(twin.State, 0).Why);
        FoldRig again = new(Definition("""{ "path": "model.onnx" }""", "a", "b"), [_type]);
        TwinFold.Apply(again.State, again.Header, twin.Log, again.Effects);
        again.State.Revision = twin.State.Revision;
        Assert.Equal(StateWriter.Write(twin.State), StateWriter.Write(again.State));
    }

    [Fact]
    public void Of_a_window_and_of_many_inputs_the_newest_message_and_five_are_named()
    {
        string[] inputs = ["a", "b", "c", "d", "e", "f"];
        Write(new OnnxFile()
            .Input("x", OnnxFile.Float, -1, 2, 6)
            .Node("ReduceMean", ["x"], "y", "axes", 1)
            .Output("y", OnnxFile.Float, -1, 6));
        TwinSimulation twin = Twin("""{ "path": "model.onnx", "window": 2 }""", inputs);
        twin.Read(("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)).Read(("a", 3));
        PredictionSnapshot said = twin.Snapshot.Predictions["m"];
        Assert.Equal(
            "model.onnx gives 2; the newest of its 2 messages had a 3, b 2, c 3, d 4, e 5 and others", said.Why);
        Assert.Equal(["a", "b", "c", "d", "e"], said.Contributions!.Select(named => named.Name));
    }

    [Theory]
    [InlineData(
        1000, 1 << 20, 4096, """{ "path": "model.onnx" }""",
        "options.path: model.onnx: the file has ", " bytes; at most 1000 are read (OnnxLimits.FileBytes)")]
    [InlineData(
        1 << 20, 400, 4096, """{ "path": "model.onnx", "batch": 1 }""",
        "options.path: model.onnx: a run of its fixed 5 rows has 500 numbers; at most 400 are run at once", "")]
    [InlineData(
        1 << 20, 10_000, 4096, """{ "path": "model.onnx" }""",
        "options.batch: 256 rows of 100 numbers are more than the 10000 of one run (OnnxLimits.RunNumbers)", "")]
    [InlineData(
        1 << 20, 1 << 20, 2, """{ "path": "model.onnx" }""",
        "options.path: model.onnx: the output 'y' has 3 numbers for each row; at most 2 are read", "")]
    public void A_model_that_is_too_large_stops_the_start(
        long bytes, int numbers, int columns, string options, string problem, string end)
    {
        Write(new OnnxFile()
            .Input("x", OnnxFile.Float, 5, 100)
            .Constant("w", OnnxFile.Float, [100, 3], [.. Enumerable.Repeat(1.0, 300)])
            .Node("MatMul", ["x", "w"], "y")
            .Output("y", OnnxFile.Float, 5, 3));
        OnnxLimits limits = new() { FileBytes = bytes, RunNumbers = numbers, OutputColumns = columns };
        PredictiveModelType type = new ServiceCollection().AddOnnxModels(_directory.FullName, limits)
            .BuildServiceProvider().GetRequiredService<PredictiveModelType>();
        string[] inputs = [.. Enumerable.Range(0, 100).Select(i => $"x{i}")];

        string message = Assert.Throws<DefinitionException>(
            () => ((BatchedModel)type.Create(Model(options, inputs))).Open()).Message;
        Assert.StartsWith("model 'm': " + problem, message, StringComparison.Ordinal);
        Assert.Contains(end, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ }""", "options.path: expected the name of an .onnx file")]
    [InlineData("""{ "path": "../model.onnx" }""", "options.path: '../model.onnx' lies outside the definitions")]
    [InlineData("""{ "path": "gone.onnx" }""", "options.path: gone.onnx: there is no such file in ")]
    [InlineData("""{ "path": "text.onnx" }""", "options.path: text.onnx: the runtime cannot run it: ")]
    [InlineData("""{ "path": "model.onnx", "file": 1 }""", "options")]
    [InlineData("""{ "path": "model.onnx", "scale": { "c": 1 } }""", "options.scale: 'c' is none of the inputs a, b")]
    [InlineData(
        """{ "path": "wide.onnx" }""",
        "options.path: wide.onnx: the input 'x' is Float[n, 3]; expected [rows, 2] or [rows, 1, 2] for the 2 inputs")]
    [InlineData(
        """{ "path": "model.onnx", "window": 5 }""",
        "options.path: model.onnx: the input 'x' is Float[n, 2]; expected [rows, 5, 2] for the 2 inputs a, b")]
    [InlineData(
        """{ "path": "whole.onnx" }""",
        "options.path: whole.onnx: the input 'x' is Int64[n, 2]; expected Float or Double")]
    [InlineData(
        """{ "path": "model.onnx", "outputs": { "value": "z" } }""",
        "options.path: model.onnx: the graph has no output 'z'; it has y Float[n, 1]")]
    [InlineData(
        """{ "path": "model.onnx", "outputs": { "value": "y[1]" } }""",
        "options.path: model.onnx: for 2 rows the output 'y' has the shape [2, 1]; expected [2, 2 or more]")]
    [InlineData(
        """{ "path": "model.onnx", "outputs": { "score": "y" } }""",
        "options.outputs.score: a prediction has no such field here: expected value, lower, upper, expected")]
    [InlineData(
        """{ "path": "two.onnx" }""",
        "options.path: two.onnx: the graph has 2 inputs, x Float[n, 1], z Float[n, 1]; expected one tensor for all")]
    [InlineData(
        """{ "path": "sum.onnx" }""",
        "options.path: sum.onnx: for 2 rows the output 'y' has the shape [1, 1]; expected [2, 1 or more]")]
    public void What_does_not_fit_stops_the_start_with_file_and_place(string options, string problem)
    {
        Write(OnnxFile.Linear(OnnxFile.Float, -1, [1, 2], 3));
        OnnxFile.Linear(OnnxFile.Float, -1, [1, 2, 3], 4).Write(_directory.FullName, "wide.onnx");
        File.WriteAllText(Path.Combine(_directory.FullName, "text.onnx"), "this is no graph");
        new OnnxFile().Input("x", OnnxFile.Int64, -1, 2).Node("Identity", ["x"], "y").Output("y", OnnxFile.Int64, -1, 2)
            .Write(_directory.FullName, "whole.onnx");
        new OnnxFile().Input("x", OnnxFile.Float, -1, 1).Input("z", OnnxFile.Float, -1, 1)
            .Node("Add", ["x", "z"], "y").Output("y", OnnxFile.Float, -1, 1).Write(_directory.FullName, "two.onnx");
        new OnnxFile().Input("x", OnnxFile.Float, -1, 2)
            .Node("ReduceMean", ["x"], "y", "axes", 0, 1).Output("y", OnnxFile.Float, -1, -1)
            .Write(_directory.FullName, "sum.onnx");

        string message = Assert.Throws<DefinitionException>(() => Twin(options, "a", "b")).Message;
        Assert.StartsWith("kind.twin.json: $.models[0]: model 'm': " + problem, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_named_twice_is_read_once()
    {
        Write(OnnxFile.Linear(OnnxFile.Float, -1, [1], 0));
        Open("""{ "path": "model.onnx" }""", "a");

        // The second is made from what was read: the file may be written meanwhile.
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(_directory.FullName, "model.onnx"));
        File.WriteAllText(Path.Combine(_directory.FullName, "model.onnx"), "this is no graph");
        File.SetLastWriteTimeUtc(Path.Combine(_directory.FullName, "model.onnx"), written);
        double[] said = new double[1];
        Open("""{ "path": "model.onnx" }""", "a").Run([4], said);

        Assert.Equal([4], said);
    }

    [Fact]
    public void A_file_that_is_written_anew_is_read_anew_and_what_was_read_before_let_go()
    {
        OnnxSessions sessions = new(new OnnxLimits());
        WeakReference before = Read(1, DateTime.UnixEpoch);
        WeakReference now = Read(2, DateTime.UnixEpoch.AddSeconds(1));
        GC.Collect();

        Assert.False(before.IsAlive);
        Assert.True(now.IsAlive);
        GC.KeepAlive(sessions);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference Read(double factor, DateTime written)
        {
            Write(OnnxFile.Linear(OnnxFile.Float, -1, [factor], 0));
            string path = Path.Combine(_directory.FullName, "model.onnx");
            File.SetLastWriteTimeUtc(path, written);
            return new WeakReference(sessions.Open(path, 1));
        }
    }

    [Fact]
    public void A_row_of_a_batch_costs_less_than_one_alone()
    {
        // 16 inputs, 64 hidden, one output: a small network.
        Noise noise = new(1);
        Write(new OnnxFile()
            .Input("x", OnnxFile.Float, -1, 16)
            .Constant("w1", OnnxFile.Float, [16, 64], [.. Enumerable.Range(0, 1024).Select(_ => noise.Gaussian())])
            .Constant("w2", OnnxFile.Float, [64, 1], [.. Enumerable.Range(0, 64).Select(_ => noise.Gaussian())])
            .Node("MatMul", ["x", "w1"], "h")
            .Node("Relu", ["h"], "r")
            .Node("MatMul", ["r", "w2"], "y")
            .Output("y", OnnxFile.Float, -1, 1));
        BatchedModel model = Open(
            """{ "path": "model.onnx" }""", [.. Enumerable.Range(0, 16).Select(i => $"x{i}")]);
        double[] rows = [.. Enumerable.Range(0, 256 * 16).Select(_ => noise.Gaussian())];
        double[] together = new double[256];
        double[] alone = new double[256];
        Run(1);
        Run(256);

        (double single, double batch) = (double.MaxValue, double.MaxValue);
        for (int round = 0; round < 10; round++)
        {
            single = Math.Min(single, Run(1));
            batch = Math.Min(batch, Run(256));
        }

        _output.WriteLine($"a row alone {single:0.0} µs, of a batch of 256 {batch:0.00} µs");
        Assert.All(together.Zip(alone), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.True(batch < single);

        double Run(int batchSize)
        {
            double[] said = batchSize == 1 ? alone : together;
            Stopwatch watch = Stopwatch.StartNew();
            for (int from = 0; from < 256; from += batchSize)
            {
                model.Run(rows.AsSpan(from * 16, batchSize * 16), said.AsSpan(from, batchSize));
            }

            return watch.Elapsed.TotalMicroseconds / 256;
        }
    }

    private void Write(OnnxFile file) => file.Write(_directory.FullName, "model.onnx");

    private BatchedModel Open(string options, params string[] inputs)
    {
        BatchedModel model = (BatchedModel)_type.Create(Model(options, inputs));
        model.Open();
        return model;
    }

    private TwinSimulation Twin(string options, params string[] inputs) => new(Definition(options, inputs), [_type]);

    private static TwinDefinition Definition(string options, params string[] inputs) => new()
    {
        Kind = "kind",
        Source = "kind.twin.json",
        Telemetry = [.. inputs.Select(name => new TelemetryDefinition { Name = name })],
        Models = [Model(options, inputs)],
    };

    private static ModelDefinition Model(string options, string[] inputs) => new()
    {
        Name = "m",
        Type = "Onnx",
        Inputs = inputs,
        Options = JsonDocument.Parse(options).RootElement,
    };
}
