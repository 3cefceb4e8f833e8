using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Storage;
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

    /// <summary>What stands between Orleans' provider and the grains.</summary>
    public virtual IGrainStorage Over(IGrainStorage provider) => provider;

    /// <summary>The keys of the grains that have a state of a name; none where no silo made the file yet.</summary>
    /// <exception cref="DbException">The database does not answer, or has no such tables.</exception>
    public virtual async Task<IReadOnlyList<string>> ReadKeysAsync(
        string stateName, CancellationToken cancellationToken)
    {
        AdoNetGrainStorageOptions options = new();
        Configure(options);
        await using DbConnection connection = Factory.CreateConnection()!;
        connection.ConnectionString = options.ConnectionString;
        await connection.OpenAsync(cancellationToken);
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = "SELECT GrainIdExtensionString FROM OrleansStorage WHERE GrainTypeString = @state";
        DbParameter state = command.CreateParameter();
        (state.ParameterName, state.Value) = ("@state", stateName);
        command.Parameters.Add(state);
        List<string> keys = [];
        await using DbDataReader rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            keys.Add(rows.GetString(0));
        }

        return keys;
    }

    /// <summary>The database's driver.</summary>
    protected abstract DbProviderFactory Factory { get; }

    internal sealed class InSqlite(
        DataDirectoryLock directory, IFatalErrorHandler fatal, ILogger<SyncedGrainStorage> logger) : ControlPlaneTables
    {
        private readonly string _connection = OrleansSqliteSchema.ConnectionString(directory.Directory);

        protected override DbProviderFactory Factory => SqliteFactory.Instance;

        public override Task CreateAsync(CancellationToken cancellationToken) =>
            OrleansSqliteSchema.CreateAsync(_connection, cancellationToken);

        public override void Configure(AdoNetGrainStorageOptions options)
        {
            options.Invariant = OrleansSqliteSchema.Invariant;
            options.ConnectionString = _connection;
        }

        public override IGrainStorage Over(IGrainStorage provider) => new SyncedGrainStorage(
            provider, failure => OrleansSqliteSchema.NoteIfBroken(directory.Directory, failure, End, logger));

        private void End(TwinGridException failure) =>
            fatal.OnFatalException(null, "A definition could not be kept", failure);
    }

    /// <summary>The file beside a silo that may run: it is only read, and nothing holds the directory.</summary>
    internal sealed class InSqliteToRead(IOptions<TwinGridOptions> grid) : ControlPlaneTables
    {
        private readonly string _directory = Path.GetFullPath(grid.Value.DataDirectory);

        protected override DbProviderFactory Factory => SqliteFactory.Instance;

        public override Task CreateAsync(CancellationToken cancellationToken) =>
            throw new NotSupportedException("definitions are only read here");

        public override void Configure(AdoNetGrainStorageOptions options)
        {
            options.Invariant = OrleansSqliteSchema.Invariant;
            options.ConnectionString = OrleansSqliteSchema.ConnectionString(_directory, readOnly: true);
        }

        public override async Task<IReadOnlyList<string>> ReadKeysAsync(
            string stateName, CancellationToken cancellationToken) =>
            File.Exists(Path.Combine(_directory, OrleansSqliteSchema.FileName))
                ? await base.ReadKeysAsync(stateName, cancellationToken)
                : [];
    }

    internal sealed class InPostgreSql(IOptions<StorageOptions> storage, TimeProvider clock) : ControlPlaneTables
    {
        protected override DbProviderFactory Factory => NpgsqlFactory.Instance;

        public override Task CreateAsync(CancellationToken cancellationToken) =>
            OrleansPostgreSqlSchema.CreateAsync(storage.Value.ConnectionString, clock, cancellationToken);

        public override void Configure(AdoNetGrainStorageOptions options)
        {
            options.Invariant = OrleansPostgreSqlSchema.Invariant;
            options.ConnectionString = OrleansPostgreSqlSchema.ConnectionString(storage.Value.ConnectionString);
        }
    }
}
