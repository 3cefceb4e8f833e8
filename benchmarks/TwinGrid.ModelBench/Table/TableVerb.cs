using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Table;

/// <summary>
/// All models over all public data with one set of options each: the Markdown table that stands in the README.
/// </summary>
/// <remarks>
/// Everything is measured but what stands under "published", with its source in <see cref="PublishedRows"/>. Scores are
/// the same on each run of one processor architecture; the times are not.
/// </remarks>
internal static class TableVerb
{
    public const string Name = "table";

    public const string Usage = "--data DIR [--output FILE]";

    public static int Run(BenchArguments args)
    {
        string data = args.Directory("--data");
        string? output = args.Optional("--output");
        args.RefuseOthers();

        List<string> lines = [.. TableRow.Header.Split('\n')];
        lines.ForEach(Console.WriteLine);
        foreach (TableRow row in Rows(data))
        {
            lines.Add(row.ToString());
            Console.WriteLine(lines[^1]);
        }

        if (output is not null)
        {
            using StreamWriter writer = CsvFile.Create(output);
            lines.ForEach(writer.WriteLine);
        }

        return 0;
    }

    /// <summary>The rows, each measured when it is asked for.</summary>
    /// <param name="data">The directory that holds one for each data set.</param>
    public static IEnumerable<TableRow> Rows(string data) => Costed(StackRow.Of()
        .Concat(AnomalyRows.Of(data))
        .Concat(ProcessRows.Of(data))
        .Concat(TurbofanRows.Of(data))
        .Concat(PowerRows.Of(data))
        .Concat(RhythmRows.Of(data))
        .Concat(MadeUpRows.Of()));

    /// <summary>Rows that measure no cost have that of the row before that ran the same model.</summary>
    private static IEnumerable<TableRow> Costed(IEnumerable<TableRow> rows)
    {
        Dictionary<string, ModelCost> costs = new(StringComparer.Ordinal);
        foreach (TableRow row in rows)
        {
            string model = row.Data.Split(':')[0];
            ModelCost cost = row.Cost ?? costs[model];
            costs[model] = cost;
            yield return row with { Cost = cost };
        }
    }
}
