using System.Globalization;
using TwinGrid.ModelBench.Arguments;
using TwinGrid.ModelBench.Feeding;

namespace TwinGrid.ModelBench.Wind;

/// <summary>
/// PowerCurve on a turbine's year of ten-minute records: each power predicted from its wind before it is seen, judged
/// on the last 30 % of the rows. Root mean square errors in kW.
/// </summary>
/// <param name="Model">PowerCurve.</param>
/// <param name="Maker">The maker's curve, which stands in the file.</param>
/// <param name="Persistence">The power ten minutes before.</param>
/// <param name="Coverage">How often the 90 % interval held.</param>
/// <param name="Cost">What PowerCurve cost.</param>
internal sealed record TurbineCurve(
    double Model, double Maker, double Persistence, double Coverage, ModelCost Cost)
{
    public static TurbineCurve Run(string path)
    {
        (long Time, double Power, double Wind, double Maker)[] rows = [.. CsvFile.Rows(path, ',').Skip(1).Select(Row)];
        RunningModel model = new("PowerCurve", ["wind"], "power");
        var said = new Prediction[rows.Length];
        double start = ModelCost.CpuSeconds;
        for (int i = 0; i < rows.Length; i++)
        {
            // The wind comes in a message of its own: the prediction is made before the power is seen.
            said[i] = model.Read(rows[i].Time, new ReadOnlySpan<double>(in rows[i].Wind));
            model.ReadOutput(rows[i].Time, new ReadOnlySpan<double>(in rows[i].Wind), rows[i].Power);
        }

        ModelCost cost = new(rows.Length, ModelCost.CpuSeconds - start, model.StateBytes);
        int[] judged = [.. Enumerable.Range(rows.Length * 7 / 10, rows.Length - (rows.Length * 7 / 10))];
        return new TurbineCurve(
            Rmse(row => said[row].Value),
            Rmse(row => rows[row].Maker),
            Rmse(row => rows[row - 1].Power),
            judged.Average(row => said[row].Lower <= rows[row].Power && rows[row].Power <= said[row].Upper ? 1.0 : 0),
            cost);

        double Rmse(Func<int, double> predicted) =>
            Math.Sqrt(judged.Average(row => Math.Pow(predicted(row) - rows[row].Power, 2)));
    }

    private static (long Time, double Power, double Wind, double Maker) Row(string[] fields) =>
        DateTimeOffset.TryParseExact(
            fields[0],
            "dd MM yyyy HH:mm",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out DateTimeOffset time)
            ? (UnixMicroseconds.From(time), CsvFile.Number(fields[1]), CsvFile.Number(fields[2]),
                CsvFile.Number(fields[3]))
            : throw new BenchProblem($"Expected a time such as '01 01 2018 00:10', found '{fields[0]}'");
}
