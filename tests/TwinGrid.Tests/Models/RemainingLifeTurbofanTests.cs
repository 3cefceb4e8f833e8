using System.Globalization;
using System.Text.Json;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.Tests.Models;

/// <summary>NASA's turbofans (C-MAPSS FD001), where the data is at hand.</summary>
public sealed class RemainingLifeTurbofanTests(ITestOutputHelper output)
{
    private const string Folder = "shared/data/cmapss";

    [Fact]
    public void A_third_of_the_engines_is_predicted_from_the_others()
    {
        LifeHistory[] units = Read("train_FD001.txt");
        RemainingLifeParameters parameters = RemainingLifeTrainer.Train(
            new LifeInputs(
                ["setting1", "setting2", "setting3"], [.. Enumerable.Range(1, 21).Select(i => $"sensor{i}")], "cycle"),
            [.. units.Where((_, i) => i % 3 != 0)],
            new RemainingLifeTraining { Cap = 125, Folds = 3 });
        RunningModel model = RunningModel.Start(new ModelDefinition
        {
            Name = "life",
            Type = "RemainingLife",
            Inputs = ["cycle", .. parameters.Settings, .. parameters.Sensors],
            Options = JsonDocument.Parse($$"""{ "parameters": {{parameters.ToJson()}} }""").RootElement,
        });
        int[] sensors = [.. parameters.Sensors.Select(name => int.Parse(name[6..], CultureInfo.InvariantCulture) - 1)];

        double squares = 0;
        int rows = 0;
        foreach (LifeHistory unit in units.Where((_, i) => i % 3 == 0))
        {
            Prediction said = Prediction.None;
            model.Model.Initialize(model.State);
            for (int row = 0; row < unit.Rows; row++)
            {
                double[] values =
                    [unit.Ages[row], .. unit.Settings[row], .. sensors.Select(sensor => unit.Sensors[row][sensor])];
                ModelInput message = new(row, values, (1UL << values.Length) - 1, double.NaN, false);
                model.Model.Update(message, model.State, ref said);
                if (unit.Ages[row] >= 20 && unit.RemainingAt(row) <= 150)
                {
                    squares += Math.Pow(said.Value - Math.Min(125, unit.RemainingAt(row)), 2);
                    rows++;
                }
            }
        }

        output.WriteLine($"{rows} rows, root mean square error {Math.Sqrt(squares / rows):0.00} cycles");

        // A constant has 40; the best published on FD001's test units have 10.6 to 12.6.
        Assert.InRange(Math.Sqrt(squares / rows), 0, 12.5);
    }

    private static LifeHistory[] Read(string file)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, Folder, file)))
        {
            folder = folder.Parent;
        }

        if (folder is null)
        {
            Assert.Skip($"{Folder}/{file} is not in any directory above the tests.");
        }

        return [.. File.ReadLines(Path.Combine(folder.FullName, Folder, file))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(words => Array.ConvertAll(words, word => double.Parse(word, CultureInfo.InvariantCulture)))
            .GroupBy(row => row[0])
            .Select(unit => new LifeHistory(
                unit.Key.ToString(CultureInfo.InvariantCulture),
                [.. unit.Select(row => row[1])],
                [.. unit.Select(row => row[2..5])],
                [.. unit.Select(row => row[5..])]))];
    }
}
