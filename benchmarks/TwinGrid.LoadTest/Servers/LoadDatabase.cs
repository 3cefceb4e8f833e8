using Npgsql;
using TwinGrid.LoadTest.Arguments;

namespace TwinGrid.LoadTest.Servers;

/// <summary>The schema of a PostgreSQL database that a grid under load keeps its twins in.</summary>
internal static class LoadDatabase
{
    private const string Schema = "twingrid_load";

    /// <summary>The settings of a grid that is to use it; none for another store.</summary>
    /// <param name="options">The store and its database.</param>
    /// <param name="again">True to keep what a grid before has left, else the schema is made anew.</param>
    public static IEnumerable<string> Settings(LoadOptions options, bool again)
    {
        if (options.Storage != "PostgreSql")
        {
            return [];
        }

        NpgsqlConnectionStringBuilder database = new(options.ConnectionString) { SearchPath = Schema };
        if (!again)
        {
            using NpgsqlConnection connection = new(database.ConnectionString);
            connection.Open();
            using NpgsqlCommand clear = new($"DROP SCHEMA IF EXISTS {Schema} CASCADE; CHECKPOINT", connection);
            clear.ExecuteNonQuery();
        }

        return [$"Storage:ConnectionString={database.ConnectionString}"];
    }
}
