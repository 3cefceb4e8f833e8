using Microsoft.Extensions.Options;
using Orleans.Configuration;
using TwinGrid.Storage;
using TwinGrid.Storage.PostgreSql;
using TwinGrid.Storage.Sqlite;

namespace TwinGrid.Hosting.Clustering;

/// <summary>
/// Where Orleans keeps who is in the cluster: tables beside the twins' in PostgreSQL, or a file of the data directory.
/// </summary>
internal abstract class MembershipTables
{
    /// <summary>Creates what is missing.</summary>
    public abstract Task CreateAsync(CancellationToken cancellationToken);

    /// <summary>Tells Orleans' provider.</summary>
    public abstract void Configure(AdoNetClusteringSiloOptions options);

    internal sealed class InPostgreSql(IOptions<StorageOptions> storage, TimeProvider clock) : MembershipTables
    {
        public override Task CreateAsync(CancellationToken cancellationToken) =>
            OrleansPostgreSqlMembership.CreateAsync(storage.Value.ConnectionString, clock, cancellationToken);

        public override void Configure(AdoNetClusteringSiloOptions options)
        {
            options.Invariant = OrleansPostgreSqlSchema.Invariant;
            options.ConnectionString = OrleansPostgreSqlMembership.ConnectionString(storage.Value.ConnectionString);
        }
    }

    internal sealed class InSqlite(IOptions<TwinGridOptions> grid) : MembershipTables
    {
        public override Task CreateAsync(CancellationToken cancellationToken) =>
            OrleansSqliteMembership.CreateAsync(grid.Value.DataDirectory, cancellationToken);

        public override void Configure(AdoNetClusteringSiloOptions options)
        {
            options.Invariant = OrleansSqliteSchema.Invariant;
            options.ConnectionString = OrleansSqliteMembership.ConnectionString(grid.Value.DataDirectory);
        }
    }
}
