namespace TwinGrid.LoadTest.Reporting;

/// <summary>What a cluster of so many silos did.</summary>
/// <param name="Acknowledge">Applied or Durable.</param>
/// <param name="Silos">Silos, each a process with every role.</param>
/// <param name="Entered">At how many of them devices were connected.</param>
/// <param name="Remote">The share of messages for twins of another silo than the device's, as shards are dealt.</param>
/// <param name="Median">The medians over the runs; CPU and memory of all silos, without the database.</param>
/// <param name="Runs">The runs.</param>
internal sealed record ScaleFigures(
    string Acknowledge, int Silos, int Entered, double Remote, LoadFigures Median, IReadOnlyList<LoadFigures> Runs);
