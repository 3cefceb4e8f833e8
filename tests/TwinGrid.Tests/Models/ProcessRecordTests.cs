using TwinGrid.ModelBench.Process;

namespace TwinGrid.Tests.Models;

/// <summary>ProcessMonitor on public records, where they are at hand.</summary>
public sealed class ProcessRecordTests(ITestOutputHelper output)
{
    [Fact]
    public void Faults_of_the_Tennessee_Eastman_process_are_found_with_hardly_a_false_alarm()
    {
        EastmanBench found = EastmanBench.Run(Path.GetDirectoryName(PublicData.File("tep/d00.dat"))!);

        output.WriteLine($"{found.Detection:0.000} at {found.FalseAlarmRate:P2}");
        Assert.InRange(found.Detection, 0.90, 1);
        Assert.InRange(found.FalseAlarmRate, 0, 0.015);
    }

    [Fact]
    public void A_valve_that_closes_is_found_in_SKAB()
    {
        SkabBench found = SkabBench.Run(Path.GetDirectoryName(PublicData.File("skab/valve1/0.csv"))!);

        output.WriteLine($"F1 {found.Ours.F1:0.000}, false {found.Ours.FalseRate:P1}; always {found.Always.F1:0.000}");
        Assert.InRange(found.Ours.F1, 0.76, 1);
        Assert.InRange(found.Ours.FalseRate, 0, 0.25);
    }

    [Fact]
    public void Attacks_on_a_water_network_are_found_without_having_looked_at_them()
    {
        AttackSplit found = AttackSplit.Measure(
            PublicData.File("batadal/BATADAL_dataset03.csv"), PublicData.File("batadal/BATADAL_dataset04.csv"));

        // An alarm for ever scores 0.75 with a TNR of 0.
        output.WriteLine($"all {found.All.Score:0.000}/{found.All.Quiet:0.000}, "
            + $"later {found.ChosenLater.Score:0.000}/{found.ChosenLater.Quiet:0.000}");
        Assert.InRange(found.All.Score, 0.90, 1);
        Assert.InRange(found.All.Quiet, 0.95, 1);
        Assert.InRange(found.ChosenLater.Score, 0.90, 1);
        Assert.InRange(found.ChosenLater.Quiet, 0.95, 1);
    }
}
