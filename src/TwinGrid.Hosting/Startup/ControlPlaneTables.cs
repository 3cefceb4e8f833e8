using Microsoft.Extensions.Options;
using Orleans.Configuration;
using TwinGrid.Storage;
using TwinGrid.Storage.PostgreSql;
using TwinGrid.Storage.Sqlite;

namespace TwinGrid.Hosting.Startup;

/// <summary>
/// Where Orleans keeps the states of definitions and catalogue: a file of its own in the data directory, or tables of
/// their own beside the twins' in PostgreSQL.
/// </summary>
internal abstract class ControlPlaneTables
{
    /// <summary>Creates what is missing.</summary>
    public abstract Task CreateAsync(CancellationToken cancellationToken);

    /// <summary>Tells Orleans' provider.</summary>
    public abstract void Configure(AdoNetGrainStorageOptions options);

    internal sealed class InSqlite(DataDirectoryLock directory) : ControlPlaneTables
    {
        private readonly string _connection = OrleansSqliteSchema.ConnectionString(directory.Directory);

        public override Task CreateAsync(CancellationToken cancellationToken) =>
            OrleansSqliteSchema.CreateAsync(_connection, cancellationToken);

        public override void Configure(AdoNetGrainStorageOptions options)
        {
            options.Invariant = OrleansSqliteSchema.Invariant;
            options.ConnectionString = _connection;
        }
    }

    /// <summary>The file beside a silo that may run: it is only read, and nothing holds the directory.</summary>
    internal sealed class InSqliteToRead(IOptions<TwinGridOptions> grid) : ControlPlaneTables
    {
        public override Task CreateAsync(CancellationToken cancellationToken) =>
            throw new NotSupportedException("definitions are only read here");

        public override void Configure(AdoNetGrainStorageOptions options)
        {
            string directory = Path.GetFullPath(grid.Value.DataDirectory);
            options.Invariant = OrleansSqliteSchema.Invariant;
            options.ConnectionString = OrleansSqliteSchema.ConnectionString(directory, readOnly: true);
        }
    }

    internal sealed class InPostgreSql(IOptions<StorageOptions> storage, TimeProvider clock) : ControlPlaneTables
    {
        public override Task CreateAsync(CancellationToken cancellationToken) =>
            OrleansPostgreSqlSchema.CreateAsync(storage.Value.ConnectionString, clock, cancellationToken);

        public override void Configure(AdoNetGrainStorageOptions options)
        {
            options.Invariant = OrleansPostgreSqlSchema.Invariant;
            options.ConnectionString = OrleansPostgreSqlSchema.ConnectionString(storage.Value.ConnectionString);
        }
    }
}
