namespace TwinGrid.ClusterTests.Cluster;

/// <summary>Tests that judge times: they run alone, after all others.</summary>
[CollectionDefinition(nameof(QuietMachine), DisableParallelization = true)]
public sealed class QuietMachine;
