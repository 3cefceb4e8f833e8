using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Onnx;

/// <summary>What a row of a small network costs: 16 inputs, 64 hidden units, one output.</summary>
/// <param name="Alone">A row that is run alone.</param>
/// <param name="Together">A row of a batch of 256.</param>
/// <param name="Error">The greatest difference from the same network in doubles, of outputs about one.</param>
internal sealed record OnnxBench(ModelCost Alone, ModelCost Together, double Error)
{
    private const int Inputs = 16;
    private const int Hidden = 64;
    private const int Rows = 256;
    private const int Rounds = 400;

    public static OnnxBench Run()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("twingrid-bench-");
        try
        {
            Random chance = new(1);
            double[] first = Weights(chance, Inputs * Hidden, Inputs);
            double[] second = Weights(chance, Hidden, Hidden);
            new OnnxFile()
                .Input("x", OnnxFile.Float, -1, Inputs)
                .Constant("w1", OnnxFile.Float, [Inputs, Hidden], first)
                .Constant("w2", OnnxFile.Float, [Hidden, 1], second)
                .Node("MatMul", ["x", "w1"], "h")
                .Node("Relu", ["h"], "r")
                .Node("MatMul", ["r", "w2"], "y")
                .Output("y", OnnxFile.Float, -1, 1)
                .Write(directory.FullName, "model.onnx");
            BatchedModel model = Open(directory.FullName);
            double[] rows = Weights(chance, Rows * Inputs, 1);
            double[] said = new double[Rows];
            _ = Time(model, rows, said, 1);
            ModelCost alone = Time(model, rows, said, 1);
            ModelCost together = Time(model, rows, said, Rows);
            double error = Enumerable.Range(0, Rows)
                .Max(row => Math.Abs(said[row] - Compute(rows.AsSpan(row * Inputs, Inputs), first, second)));
            return new OnnxBench(alone, together, error);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static BatchedModel Open(string directory)
    {
        using ServiceProvider services = new ServiceCollection().AddOnnxModels(directory).BuildServiceProvider();
        BatchedModel model = (BatchedModel)services.GetRequiredService<PredictiveModelType>().Create(new ModelDefinition
        {
            Name = "bench",
            Type = "Onnx",
            Inputs = [.. Enumerable.Range(0, Inputs).Select(i => $"x{i}")],
            Options = JsonDocument.Parse("""{ "path": "model.onnx" }""").RootElement,
        });
        model.Open();
        return model;
    }

    private static ModelCost Time(BatchedModel model, double[] rows, double[] said, int batch)
    {
        double start = ModelCost.CpuSeconds;
        for (int round = 0; round < Rounds; round++)
        {
            for (int from = 0; from < Rows; from += batch)
            {
                model.Run(rows.AsSpan(from * Inputs, batch * Inputs), said.AsSpan(from, batch));
            }
        }

        return new ModelCost(Rounds * Rows, ModelCost.CpuSeconds - start, model.StateLength * sizeof(double));
    }

    private static double Compute(ReadOnlySpan<double> row, double[] first, double[] second)
    {
        double output = 0;
        for (int h = 0; h < Hidden; h++)
        {
            double sum = 0;
            for (int i = 0; i < Inputs; i++)
            {
                sum += row[i] * first[(i * Hidden) + h];
            }

            output += Math.Max(0, sum) * second[h];
        }

        return output;
    }

    private static double[] Weights(Random chance, int count, int fanIn) =>
        [.. Enumerable.Range(0, count).Select(_ => ((2 * chance.NextDouble()) - 1) * Math.Sqrt(3.0 / fanIn))];
}
