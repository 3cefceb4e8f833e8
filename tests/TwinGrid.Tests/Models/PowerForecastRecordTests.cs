using TwinGrid.ModelBench.Wind;

namespace TwinGrid.Tests.Models;

/// <summary>PowerForecast on ten public wind farms, where they are at hand.</summary>
public sealed class PowerForecastRecordTests(ITestOutputHelper output)
{
    [Fact]
    public void Half_a_year_of_ten_farms_is_forecast_with_half_the_loss_of_their_climate()
    {
        WindFarm[] farms = WindFarm.ReadAll(Path.GetDirectoryName(PublicData.File("gefcom2014wind/Zone1.csv"))!);
        WindResult all = new();
        foreach (WindFarm farm in farms)
        {
            all.Add(WindVerb.Predict(farm, farms, WindFarm.Day("20121001"), (_, _) => { }));
        }

        output.WriteLine(all.Row("all"));
        Assert.InRange(all.Skill, 0.50, 1);
    }
}
