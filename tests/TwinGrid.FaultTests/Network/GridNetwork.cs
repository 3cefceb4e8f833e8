using TwinGrid.FaultTests.Faults;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.FaultTests.Network;

/// <summary>
/// What lies between the parties of a run: devices, processes of the grid, PostgreSQL. People, who read and want things
/// done, and the harness' own looks at the database are never disturbed.
/// </summary>
internal abstract class GridNetwork : IAsyncDisposable
{
    /// <summary>Where PostgreSQL is to be started.</summary>
    public abstract PostgreSqlPlace Database { get; }

    /// <summary>Makes the place of the next process.</summary>
    /// <param name="name">Its name in the cluster.</param>
    /// <param name="databasePort">The port of PostgreSQL.</param>
    /// <param name="processId">Its process id at the moment; 0 while it has none.</param>
    public abstract Task<NetworkPlace> AddAsync(string name, int databasePort, Func<int> processId);

    /// <summary>Begins a fault of the network: <see cref="FaultKind.Cut"/> and those like it.</summary>
    /// <returns>False where it could hit no connection.</returns>
    public abstract Task<bool> DisturbAsync(Fault fault);

    /// <summary>All comes through again.</summary>
    public abstract Task HealAsync();

    public abstract ValueTask DisposeAsync();
}
