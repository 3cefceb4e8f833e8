namespace TwinGrid.Storage;

/// <summary>Which store a grid keeps its twins in, section <c>TwinGrid:Storage</c>.</summary>
public sealed class StorageOptions
{
    /// <summary>The provider's name for SQLite.</summary>
    public const string Sqlite = "Sqlite";

    /// <summary>The provider's name for PostgreSQL.</summary>
    public const string PostgreSql = "PostgreSql";

    /// <summary>The store's provider; default <c>Sqlite</c>.</summary>
    public string Provider { get; set; } = Sqlite;

    /// <summary>
    /// How to reach the database; default none, which for SQLite is the file <c>twingrid.db</c> in
    /// <c>TwinGrid:DataDirectory</c>. PostgreSQL needs one: <c>Host=…;Database=…;Username=…;Password=…</c>, with
    /// whatever else Npgsql understands (<c>SSL Mode=VerifyFull</c>). It may hold a password and is never shown.
    /// </summary>
    public string? ConnectionString { get; set; }
}
