namespace TwinGrid.Tests.Storage;

/// <summary>
/// A database as the first version of the schema made it; written down, so that it does not follow the code.
/// </summary>
internal static class FirstSchema
{
    /// <summary>
    /// Its tables, and twin turbine/t07 with one turn. The checksum is CRC32C of the bytes 01, "default/turbine/t07/",
    /// 1 and 1790000000000001 as 64 bits little endian, 01 and "inputs of 1.0", computed apart from our code.
    /// </summary>
    public const string Sql = """
        CREATE TABLE schema_version (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            major INTEGER NOT NULL,
            minor INTEGER NOT NULL);

        CREATE TABLE silo_incarnation (
            incarnation INTEGER PRIMARY KEY AUTOINCREMENT,
            opened_at INTEGER NOT NULL,
            fenced INTEGER NOT NULL DEFAULT 0);

        -- snapshot_revision and next_due repeat the snapshot's, so that looking for twins with something due reads no
        -- state; turns before erased_before were erased.
        CREATE TABLE twin (
            twin_id INTEGER PRIMARY KEY,
            tenant TEXT NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            snapshot_revision INTEGER NOT NULL DEFAULT 0,
            next_due INTEGER,
            erased_before INTEGER NOT NULL DEFAULT 1,
            UNIQUE (tenant, kind, key));

        CREATE TABLE head (
            twin_id INTEGER PRIMARY KEY,
            revision INTEGER NOT NULL,
            turn_id INTEGER NOT NULL);

        CREATE TABLE turn (
            turn_id INTEGER PRIMARY KEY,
            record INTEGER NOT NULL,
            twin_id INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            previous_turn_id INTEGER NOT NULL,
            time INTEGER NOT NULL,
            fold_version INTEGER NOT NULL,
            crc INTEGER NOT NULL,
            inputs BLOB NOT NULL);

        CREATE TABLE snapshot (
            twin_id INTEGER PRIMARY KEY,
            record INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            fold_version INTEGER NOT NULL,
            next_due INTEGER,
            crc INTEGER NOT NULL,
            state BLOB NOT NULL);

        CREATE TABLE dead_letter (
            letter_id INTEGER PRIMARY KEY AUTOINCREMENT,
            record INTEGER NOT NULL,
            time INTEGER NOT NULL,
            topic TEXT NOT NULL,
            client TEXT NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            size INTEGER NOT NULL,
            sample BLOB NOT NULL);

        INSERT INTO schema_version VALUES (1, 1, 0);
        INSERT INTO twin (twin_id, tenant, kind, key) VALUES (1, 'default', 'turbine', 't07');
        INSERT INTO head VALUES (1, 1, 1);
        INSERT INTO turn VALUES (1, 1, 1, 1, 0, 1790000000000001, 1, 1384229313, CAST('inputs of 1.0' AS BLOB));
        """;
}
