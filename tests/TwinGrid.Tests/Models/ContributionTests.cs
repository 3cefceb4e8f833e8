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

    [Fact]
    public void A_model_that_names_none_leaves_them_out()
    {
        RunningModel curve = RunningModel.PowerCurve();
        Assert.Empty(curve.Model.Contributions(curve.ReadBoth(1, 5, 100), curve.State));
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
