using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TwinGrid.Tests.Twins;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Models;

/// <summary>The reasons of predictions as data, as the API and MQTT show them.</summary>
public sealed class ContributionTests
{
    [Fact]
    public void A_snapshot_names_the_inputs_behind_a_prediction()
    {
        FoldRig twin = new(
            new TwinDefinition
            {
                Kind = "pump",
                Telemetry = [.. ProcessPlant.Sensors.Select(name => new TelemetryDefinition { Name = name })],
                Models =
                [
                    new ModelDefinition
                    {
                        Name = "together",
                        Type = "ProcessMonitor",
                        Inputs = [.. ProcessPlant.Sensors],
                        Options = ProcessPlant.Options(ProcessPlant.Parameters.ToJson()),
                    },
                ],
            },
            new ServiceCollection().AddTwinGridModels().BuildServiceProvider().GetServices<PredictiveModelType>());
        foreach ((double[] row, int i) in ProcessPlant.Rows(30, 8).Select((row, i) => (row, i)))
        {
            row[1] += 8;
            twin.Send(i, readings =>
            {
                readings.Number("speed"u8, row[0]);
                readings.Number("flow"u8, row[1]);
                readings.Number("pressure"u8, row[2]);
                readings.Number("valve"u8, row[3]);
            });
        }

        PredictionSnapshot said = SnapshotBuilder.Snapshot(twin.State).Predictions["together"];
        Assert.Equal("flow", said.Contributions![0].Name);
        Assert.Equal(["flow"], said.Contributions.Where(c => c.Seen - c.Expected > 5).Select(c => c.Name));

        JsonElement json = JsonSerializer.SerializeToElement(said, TwinGridJson.Default.PredictionSnapshot);
        Prediction stored = twin.State.Predictions[0];
        Assert.Equal(stored.Threshold, json.GetProperty("threshold").GetDouble());
        JsonElement first = json.GetProperty("contributions")[0];
        Assert.Equal("flow", first.GetProperty("name").GetString());
        Assert.Equal(said.Contributions[0].Expected, first.GetProperty("expected").GetDouble());
        Assert.InRange(first.GetProperty("share").GetDouble(), 0.2, 1);
    }

    public static TheoryData<string> Types => [.. RunningModel.TypeNames];

    /// <summary>A type that is new is asked as well: a prediction without a reason in data is not finished.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void Every_model_that_says_something_names_what_it_says_it_of(string type)
    {
        RunningModel model = ModelExamples.Start(type);
        Noise noise = new(3);
        int spoke = 0;
        for (int i = 0; i < 2_000; i++)
        {
            double value = ModelExamples.Scale(type) * (10 + (i * 0.01) + noise.Gaussian());
            Prediction said = model.ReadBoth(i * ModelExamples.Step(type), value, value * 0.01);
            var named = model.Model.Contributions(said, model.State);
            Assert.Equal(said.HasValue, named.Count > 0);
            Assert.All(named, c => Assert.InRange(c.Share, 0, 1 + 1e-9));
            Assert.True(named.Sum(c => c.Share) <= 1 + 1e-9);
            Assert.All(named, c => Assert.True(c.Seen is { } seen && double.IsFinite(seen), $"{c} of {type}"));
            Assert.Equal(named.Count, named.Select(c => c.Name).Distinct().Count());
            spoke += named.Count > 0 ? 1 : 0;
        }

        Assert.True(spoke > 0, "the signal makes it speak");
    }

    [Fact]
    public void A_trend_names_where_it_is_and_how_it_changes()
    {
        RunningModel trend = RunningModel.TrendToLimit("""{ "limit": 85, "window": "5m" }""");
        Prediction said = Prediction.None;
        for (int i = 0; i <= 60; i++)
        {
            said = trend.Read(i * 10, 20 + (i * 0.5));
        }

        // 20 + 0.05 per second, at 50 after 600 s: (85 - 50) / 0.05 = 700 s.
        Assert.Equal(700, said.Value, 0.1);
        var named = trend.Model.Contributions(said, trend.State);
        Assert.Equal(["bearingTemperature", "bearingTemperature.slope"], named.Select(c => c.Name));
        Assert.Equal((50, 50), (named[0].Seen!.Value, Math.Round(named[0].Expected!.Value, 6)));
        Assert.Equal((0.0, 0.05), (named[1].Expected, Math.Round(named[1].Seen!.Value, 6)));

        Contribution beyond = Assert.Single(trend.Model.Contributions(trend.Read(610, 90), trend.State));
        Assert.Equal(("bearingTemperature", 90), (beyond.Name, beyond.Seen));
    }

    [Fact]
    public void A_curve_names_the_power_that_was_seen_with_the_power_of_that_wind()
    {
        RunningModel curve = RunningModel.PowerCurve();
        Noise noise = new(1);
        for (int i = 0; i < 3_000; i++)
        {
            double wind = 4 + (8 * noise.Uniform());
            curve.ReadBoth(i, wind, 100 * wind);
        }

        Prediction said = curve.ReadBoth(3_000, 8, 300);
        var named = curve.Model.Contributions(said, curve.State);
        Assert.Equal(["power", "windSpeed"], named.Select(c => c.Name));
        Assert.InRange(named[0].Expected!.Value, 780, 820);
        Assert.Equal((300, 1), (Math.Round(named[0].Seen!.Value, 6), named[0].Share));
        Assert.Equal((8, 0), (named[1].Seen, named[1].Share));

        Contribution wind8 = Assert.Single(curve.Model.Contributions(curve.Read(3_001, 8), curve.State));
        Assert.Equal(new Contribution("windSpeed", null, 8, 1), wind8);
    }

    [Fact]
    public void A_heart_names_the_windows_that_decided()
    {
        RunningModel heart = ModelExamples.Start("HeartRhythm");
        Noise noise = new(4);
        Prediction said = Prediction.None;
        double now = 0;
        for (int i = 0; i < 400; i++)
        {
            said = heart.Read(now += 0.7, 0.4 + (0.6 * noise.Uniform()));
        }

        Assert.True(said.Value >= said.Threshold, "intervals by chance are fibrillation");
        var named = heart.Model.Contributions(said, heart.State);
        Assert.Equal(4, named.Count);
        Assert.Equal(1, named.Sum(c => c.Share), 9);
        Assert.Equal(("input.irregularity16", 0), (named[3].Name, named[3].Share));
        Assert.All(named, c => Assert.True(c.Seen > 0.3));

        for (int i = 0; i < 30; i++)
        {
            said = heart.Read(now += 0.8, 0.8);
        }

        // Sixteen even beats end it, whatever the two hundred before were like.
        Assert.True(said.Value < said.Threshold);
        Contribution last = Assert.Single(heart.Model.Contributions(said, heart.State));
        Assert.Equal(("input.irregularity16", 1), (last.Name, last.Share));
        Assert.InRange(last.Seen!.Value, 0, 0.3);
    }

    [Fact]
    public void A_farm_names_the_power_that_was_seen_and_the_wind_it_was_expected_of()
    {
        RunningModel farm = PowerForecastTests.Farm();
        Noise noise = new(5);
        Prediction said = Prediction.None;
        for (int i = 0; i < 700; i++)
        {
            double wind = 3 + (6 * noise.Uniform());
            said = farm.ReadBoth(3600 * i, wind, Math.Min(1, wind / 10));
        }

        var named = farm.Model.Contributions(said, farm.State);
        Assert.Equal(1, named[0].Share);
        Assert.InRange(named[0].Seen!.Value, 0, 1);
        Assert.All(named.Skip(1), c => Assert.Equal((null, 0), (c.Expected, c.Share)));
        Assert.NotEmpty(named.Skip(1));
    }

    [Fact]
    public void An_anomaly_names_its_signal_with_what_was_expected()
    {
        RunningModel signal = RunningModel.Anomaly();
        for (int i = 0; i < 100; i++)
        {
            signal.Read(i, 20 + (i % 3));
        }

        Prediction said = signal.Read(100, 90);
        Contribution named = Assert.Single(signal.Model.Contributions(said, signal.State));
        Assert.Equal("temperature", named.Name);
        Assert.Equal(90, named.Seen!.Value, 9);
        Assert.Equal(21, named.Expected!.Value, 1.0);
    }

    [Fact]
    public void Remaining_life_names_the_sensors_that_shorten_it()
    {
        RemainingLifeTwin twin = RemainingLifeFleet.Twin();
        var unit = RemainingLifeFleet.Make(1, seed: 5)[0];
        Prediction said = twin.Send(unit, 0..unit.Rows);
        var named = twin.Model.Contributions(said, twin.State);

        Assert.InRange(named.Count, 1, 3);
        Assert.Equal(1, named.Sum(contribution => contribution.Share), 9);
        Assert.All(named, contribution => Assert.Contains(contribution.Name, twin.Why, StringComparison.Ordinal));
    }
}
