using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// The tables of the PostgreSQL store. <c>turn</c> is the log. Its primary key lets each revision in once; that a
/// revision follows the one before it is looked up in the same index. <c>twin.erased_before</c> says how far that may
/// not be so.
/// </summary>
/// <remarks>
/// No head row per twin: it would be changed with every turn, and the log's own index knows the head. Texts are
/// compared by their bytes (COLLATE "C"): an index by a language's rules is damaged when the system's rules change.
/// </remarks>
internal static class PostgreSqlSchema
{
    /// <summary>A database with a greater one is refused: its rows mean something else.</summary>
    public const int Major = 1;

    /// <summary>Grows with additions that an older silo may ignore.</summary>
    public static int Minor => Additions.Length;

    /// <summary>The minor version that brought history.</summary>
    public const int MinorOfHistory = 1;

    /// <summary>The minor version that brought the list of what partitions have.</summary>
    public const int MinorOfListing = 6;

    /// <summary>"TwinGrid" in ASCII: whoever changes tables or incarnations holds this advisory lock.</summary>
    public const string Lock = "SELECT pg_advisory_xact_lock(x'5477696e47726964'::bigint)";

    // Version 1.0. What comes later stands in the additions, so that an older database becomes the same as a new one.
    private const string Tables = """
        CREATE TABLE schema_version (
            only_row smallint PRIMARY KEY CHECK (only_row = 1),
            major integer NOT NULL,
            minor integer NOT NULL);

        CREATE TABLE silo_incarnation (
            incarnation bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            cluster text NOT NULL,
            silo text NOT NULL,
            opened_at bigint NOT NULL,
            fenced boolean NOT NULL DEFAULT false);

        -- snapshot_revision and next_due repeat the snapshot's, so that looking for twins with something due reads no
        -- state; turns before erased_before were erased.
        CREATE TABLE twin (
            twin_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            snapshot_revision bigint NOT NULL DEFAULT 0,
            next_due bigint,
            erased_before bigint NOT NULL DEFAULT 1,
            tenant text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            UNIQUE (tenant, kind, key)) WITH (fillfactor = 80);

        CREATE TABLE turn (
            twin_id bigint NOT NULL,
            revision bigint NOT NULL,
            time bigint NOT NULL,
            crc integer NOT NULL,
            record smallint NOT NULL,
            fold_version smallint NOT NULL,
            inputs bytea NOT NULL,
            PRIMARY KEY (twin_id, revision));

        CREATE TABLE snapshot (
            twin_id bigint PRIMARY KEY,
            revision bigint NOT NULL,
            next_due bigint,
            crc integer NOT NULL,
            record smallint NOT NULL,
            fold_version smallint NOT NULL,
            state bytea NOT NULL);

        CREATE TABLE dead_letter (
            tenant text COLLATE "C" NOT NULL,
            letter_id bigint GENERATED ALWAYS AS IDENTITY,
            time bigint NOT NULL,
            size integer NOT NULL,
            record smallint NOT NULL,
            topic text NOT NULL,
            client text NOT NULL,
            reason text NOT NULL,
            detail text NOT NULL,
            sample bytea NOT NULL,
            PRIMARY KEY (tenant, letter_id));

        -- A client's name may have 65,535 bytes and an index entry 2,700: client_key is its SHA-256.
        CREATE TABLE session (
            tenant text COLLATE "C" NOT NULL,
            client_key bytea NOT NULL,
            ended_at bigint,
            expiry_seconds bigint NOT NULL,
            crc integer NOT NULL,
            record smallint NOT NULL,
            client text NOT NULL,
            state bytea NOT NULL,
            PRIMARY KEY (tenant, client_key));

        INSERT INTO schema_version VALUES (1, 1, 0);
        """;

    // History. A twin's turns before its erased_before are erased or sealed: its head is never before that, whatever of
    // its single turns is still in the log. sealed has the state at the last sealed turn, where the next part begins.
    // What waits in reclaim may leave the log. The rows of equal partition_id are a table of their own. No column of
    // packed bytes is packed once more (EXTERNAL).
    private const string Sealing = """
        CREATE TABLE sealed (
            twin_id bigint PRIMARY KEY,
            revision bigint NOT NULL,
            sealed_at bigint NOT NULL,
            next_due bigint,
            crc integer NOT NULL,
            record smallint NOT NULL,
            fold_version smallint NOT NULL,
            state bytea NOT NULL);

        CREATE TABLE reclaim (
            sealed_by xid8 NOT NULL,
            twin_id bigint NOT NULL,
            before bigint NOT NULL,
            sealed_at bigint NOT NULL,
            PRIMARY KEY (sealed_by, twin_id));

        CREATE TABLE history_partition (
            partition_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            keep bigint NOT NULL,
            begins bigint NOT NULL,
            ends bigint NOT NULL,
            UNIQUE (keep, begins));

        CREATE TABLE history_turns (
            partition_id bigint NOT NULL,
            twin_id bigint NOT NULL,
            first_revision bigint NOT NULL,
            last_revision bigint NOT NULL,
            first_time bigint NOT NULL,
            last_time bigint NOT NULL,
            crc integer NOT NULL,
            record smallint NOT NULL,
            turns bytea NOT NULL,
            state bytea,
            PRIMARY KEY (twin_id, first_revision, partition_id)) PARTITION BY LIST (partition_id);
        ALTER TABLE history_turns ALTER turns SET STORAGE EXTERNAL, ALTER state SET STORAGE EXTERNAL;

        CREATE TABLE history_readings (
            partition_id bigint NOT NULL,
            twin_id bigint NOT NULL,
            first_revision bigint NOT NULL,
            last_revision bigint NOT NULL,
            first_time bigint NOT NULL,
            last_time bigint NOT NULL,
            crc integer NOT NULL,
            place integer NOT NULL,
            record smallint NOT NULL,
            telemetry text COLLATE "C" NOT NULL,
            readings bytea NOT NULL,
            PRIMARY KEY (twin_id, telemetry, first_time, first_revision, place, last_time, last_revision, partition_id))
            PARTITION BY LIST (partition_id);
        ALTER TABLE history_readings ALTER readings SET STORAGE EXTERNAL;
        """;

    // Goes with every dump and copy of the database: what a silo noted of another one says nothing of this.
    private const string Identity = """
        CREATE TABLE store_identity (
            only_row smallint PRIMARY KEY CHECK (only_row = 1),
            store uuid NOT NULL DEFAULT gen_random_uuid());

        INSERT INTO store_identity (only_row) VALUES (1);
        """;

    // Several silos. life is a silo's address with its generation; alone, that it is no member of a cluster. A lease
    // has a row of its own: renewing it must not wait for the commits that hold the incarnation's, nor they for it.
    private const string Leases = """
        ALTER TABLE silo_incarnation ADD life text, ADD alone boolean NOT NULL DEFAULT true;

        CREATE TABLE silo_lease (
            incarnation bigint PRIMARY KEY,
            renewed_at timestamptz NOT NULL,
            lease_until timestamptz NOT NULL) WITH (fillfactor = 50);
        """;

    // Deleted twins are not listed; what an older TwinGrid deleted is not known here.
    private const string Deleted = "ALTER TABLE twin ADD COLUMN deleted boolean NOT NULL DEFAULT false";

    // Which gateway has a session, and since when: a row that is claimed anew is not changed by whoever had it.
    private const string Claims = """
        ALTER TABLE session
            ADD COLUMN claimed_at bigint NOT NULL DEFAULT 0,
            ADD COLUMN claimed_by text COLLATE "C" NOT NULL DEFAULT '';
        """;

    // What each partition has of a twin, so that it is missed when it is lost; null where some of it was erased. Of a
    // partition that is not listed an older TwinGrid sealed something that is in no list.
    private const string Listing = """
        CREATE TABLE sealed_in (
            twin_id bigint NOT NULL,
            partition_id bigint NOT NULL,
            contents bytea,
            PRIMARY KEY (twin_id, partition_id));

        ALTER TABLE history_partition ADD COLUMN listed boolean NOT NULL DEFAULT false;
        ALTER TABLE history_partition ALTER COLUMN listed SET DEFAULT true;
        """;

    // The n-th leads from minor version n - 1 to n.
    private static readonly string[] Additions = [Sealing, Identity, Leases, Deleted, Claims, Listing];

    /// <summary>
    /// Creates the tables where there are none and adds what an older database lacks, in one transaction; many may do
    /// it at once.
    /// </summary>
    /// <exception cref="TwinGridException">A newer TwinGrid made the database, or it is not in UTF-8.</exception>
    public static async Task EnsureAsync(
        NpgsqlConnection connection, PostgreSqlDatabase database, CancellationToken cancellationToken)
    {
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await ExecuteAsync(connection, Lock, cancellationToken).ConfigureAwait(false);
            await EnsureSchemaAsync(connection, database, cancellationToken).ConfigureAwait(false);
            if (await ReadAsync(connection, "SELECT to_regclass('schema_version') IS NULL", cancellationToken)
                .ConfigureAwait(false) is true)
            {
                await ExecuteAsync(connection, Tables, cancellationToken).ConfigureAwait(false);
            }

            await MigrateAsync(connection, database, cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The minor version of a database that is only read.</summary>
    /// <exception cref="TwinGridException">It holds no twins, or a newer TwinGrid made it.</exception>
    public static async Task<int> EnsureReadableAsync(
        NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        if (await ReadAsync(connection, "SELECT to_regclass('schema_version') IS NOT NULL", cancellationToken)
            .ConfigureAwait(false) is not true)
        {
            throw new TwinGridException(
                $"The database {name} holds no twins: name the TwinGrid:Storage:ConnectionString that the silo uses.");
        }

        object? major = await ReadAsync(connection, "SELECT major FROM schema_version", cancellationToken)
            .ConfigureAwait(false);
        object? minor = await ReadAsync(connection, "SELECT minor FROM schema_version", cancellationToken)
            .ConfigureAwait(false);
        return major is <= Major && minor is int known
            ? known
            : throw new TwinGridException(
                $"The database {name} has schema {major} and this TwinGrid knows up to {Major}: verify it with the "
                + "newer TwinGrid that made it.");
    }

    /// <summary>Makes the schema that the tables stand in, where there is none and this role may.</summary>
    public static async Task EnsureSchemaAsync(
        NpgsqlConnection connection, PostgreSqlDatabase database, CancellationToken cancellationToken)
    {
        object? encoding = await ReadAsync(connection, "SHOW server_encoding", cancellationToken).ConfigureAwait(false);
        if (encoding is not "UTF8")
        {
            throw new TwinGridException(
                $"The database {database.Name} is in {encoding}: create one with ENCODING 'UTF8' and name it in "
                + "TwinGrid:Storage:ConnectionString.");
        }

        object? schema = await ReadAsync(connection, "SELECT current_schema()", cancellationToken)
            .ConfigureAwait(false);
        if (schema is null)
        {
            string name = database.Schema.Replace("\"", "\"\"", StringComparison.Ordinal);
            await ExecuteAsync(connection, $"CREATE SCHEMA \"{name}\"", cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task MigrateAsync(
        NpgsqlConnection connection, PostgreSqlDatabase database, CancellationToken cancellationToken)
    {
        object? major = await ReadAsync(connection, "SELECT major FROM schema_version", cancellationToken)
            .ConfigureAwait(false);
        if (major is not int known || known > Major)
        {
            throw new TwinGridException(
                $"The database {database.Name} has schema {major} and this TwinGrid knows up to {Major}: start the "
                + "newer TwinGrid that made it, or name another in TwinGrid:Storage:ConnectionString. Nothing was "
                + "changed.");
        }

        object? minor = await ReadAsync(connection, "SELECT minor FROM schema_version", cancellationToken)
            .ConfigureAwait(false);
        if (minor is int from && from < Minor)
        {
            foreach (string addition in Additions[from..])
            {
                await ExecuteAsync(connection, addition, cancellationToken).ConfigureAwait(false);
            }

            await ExecuteAsync(connection, $"UPDATE schema_version SET minor = {Minor}", cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Runs statements of ours.</summary>
    public static async Task ExecuteAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // Only our own constants and numbers come here, and a schema's name in quotes.
        NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The first column of the first row of a statement of ours; null where there is none.</summary>
    public static async Task<object?> ReadAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        await using (command.ConfigureAwait(false))
        {
            object? value = await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
            return value is DBNull ? null : value;
        }
    }
}
