namespace TwinGrid.Tests.Storage.PostgreSql;

/// <summary>
/// A database as the first version of the schema made it; written down, so that it does not follow the code.
/// </summary>
internal static class FirstPostgreSqlSchema
{
    /// <summary>
    /// Its tables, and twin turbine/t07 with one turn. The checksum is CRC32C of the bytes 01, "default/turbine/t07/",
    /// 1 and 1790000000000001 as 64 bits little endian, 01 and "inputs of 1.0", computed apart from our code.
    /// </summary>
    public const string Sql = """
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
        INSERT INTO twin (tenant, kind, key) VALUES ('default', 'turbine', 't07');
        INSERT INTO turn VALUES (1, 1, 1790000000000001, 1384229313, 1, 1, 'inputs of 1.0');
        """;
}
