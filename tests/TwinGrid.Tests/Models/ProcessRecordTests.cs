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
}
