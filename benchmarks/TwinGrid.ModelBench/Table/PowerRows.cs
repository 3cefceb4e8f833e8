using TwinGrid.ModelBench.Feeding;
using TwinGrid.ModelBench.Wind;

namespace TwinGrid.ModelBench.Table;

/// <summary>PowerForecast on ten wind farms and PowerCurve on one turbine.</summary>
internal static class PowerRows
{
    private const string From = "20121001";

    public static IEnumerable<TableRow> Of(string data)
    {
        WindFarm[] farms = WindFarm.ReadAll(Path.Combine(data, "gefcom2014wind"));
        WindResult all = Forecast(farms, "{}");
        yield return new TableRow(
            "PowerForecast: GEFCom2014, 10 wind farms",
            "pinball skill over climatology, October 2012 to March 2013",
            Figures.Write($"**{all.Skill:0.0000}** (loss {all.Model.Mean:0.0000})"),
            Figures.Write($"climatology 0 (loss {all.Climate.Mean:0.0000})"),
            PublishedRows.Wind,
            Seen.Development,
            all.Cost);
        WindResult plain = Forecast(farms, """{ "detail": 0 }""");
        yield return new TableRow(
            "PowerForecast: the same",
            "the same without the random layer (`detail` 0)",
            Figures.Write($"{plain.Skill:0.0000}"),
            Figures.Write($"climatology 0 (loss {plain.Climate.Mean:0.0000})"),
            "",
            Seen.Development,
            plain.Cost);

        TurbineCurve curve = TurbineCurve.Run(Path.Combine(data, "wind-scada", "T1.csv"));
        yield return new TableRow(
            "PowerCurve: one turbine's year",
            "RMSE on the last 30 %, kW / coverage of 90 %",
            Figures.Write($"**{curve.Model:0}** / {Figures.Percent(curve.Coverage)}"),
            Figures.Write($"maker's curve {curve.Maker:0}, the power 10 min before {curve.Persistence:0}"),
            "online median bins 344",
            Seen.Development,
            curve.Cost);
    }

    private static WindResult Forecast(WindFarm[] farms, string options)
    {
        WindResult all = new();
        foreach (WindFarm farm in farms)
        {
            all.Add(WindVerb.Predict(farm, farms, WindFarm.Day(From), (_, _) => { }, options));
        }

        return all;
    }
}
