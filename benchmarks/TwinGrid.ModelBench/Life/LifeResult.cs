using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;
using TwinGrid.Models.RemainingLife;

namespace TwinGrid.ModelBench.Life;

/// <summary>RemainingLife beside what knows less, on the same units.</summary>
internal sealed class LifeResult
{
    public LifeScore Model { get; } = new();

    /// <summary>The same number for every unit.</summary>
    public LifeScore Constant { get; } = new();

    /// <summary>The mean life of the training units minus the age.</summary>
    public LifeScore MeanLife { get; } = new();

    /// <summary>A linear regression on the newest row.</summary>
    public LifeScore Linear { get; } = new();

    public ModelCost Cost { get; set; }

    /// <summary>Predicts each unit of a test file at its last cycle and compares with the file of truth.</summary>
    public static LifeResult OfTest(LifeHistory[] train, LifeHistory[] test, string truth)
    {
        (LifeBench bench, _) = LifeBench.Train(train);
        return OfTest(train, test, truth, bench, Array.ConvertAll(test, unit => bench.Read(unit)[^1]));
    }

    /// <summary>
    /// The same where nobody knows how old a unit is: each begins to count at an age between 0 and 150, in the
    /// training file and in the test.
    /// </summary>
    public static LifeResult WithoutAge(LifeHistory[] train, LifeHistory[] test, string truth)
    {
        Random chance = new(1);
        return OfTest(Array.ConvertAll(train, Disguised), Array.ConvertAll(test, Disguised), truth);

        LifeHistory Disguised(LifeHistory unit)
        {
            int start = chance.Next(151);
            return unit with { Ages = Array.ConvertAll(unit.Ages, age => age + start) };
        }
    }

    /// <summary>Compares what was said of each unit at its last cycle with the file of truth.</summary>
    public static LifeResult OfTest(
        LifeHistory[] train, LifeHistory[] test, string truth, LifeBench bench, Prediction[] last)
    {
        double[] remaining = [.. CsvFile.Rows(truth).Select(row => CsvFile.Number(row[0]))];
        if (remaining.Length != last.Length)
        {
            throw new BenchProblem($"{truth} has {remaining.Length} rows, the input {last.Length} units");
        }

        LinearLife linear = LinearLife.Learn(train);
        double life = train.Average(unit => unit.Ages[^1]);
        LifeResult result = new() { Cost = bench.Cost };
        for (int i = 0; i < last.Length; i++)
        {
            result.Model.Add(remaining[i], last[i]);
            result.AddOthers(remaining[i], 75, life, linear, test[i], test[i].Rows - 1, 1);
        }

        return result;
    }

    public void AddOthers(
        double truth, double level, double life, LinearLife linear, LifeHistory unit, int row, double weight)
    {
        Constant.Add(truth, level, 0, LifeBench.Cap, weight);
        MeanLife.Add(truth, Math.Clamp(life - unit.Ages[row], 0, LifeBench.Cap), 0, LifeBench.Cap, weight);
        Linear.Add(truth, linear.Predict(unit, row), 0, LifeBench.Cap, weight);
    }

    public void Print(string constant)
    {
        Console.WriteLine(LifeScore.Header);
        Console.WriteLine(Model.Row("RemainingLife"));
        Console.WriteLine(Constant.Row(constant));
        Console.WriteLine(MeanLife.Row("mean life minus age"));
        Console.WriteLine(Linear.Row("linear regression on the newest row"));
        Console.WriteLine(Cost);
    }
}
