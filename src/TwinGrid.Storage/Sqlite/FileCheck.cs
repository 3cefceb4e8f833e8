using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>SQLite's own check of a file: every page, every cell, indexes against their tables.</summary>
internal static class FileCheck
{
    private const int MostProblems = 20;

    /// <summary>Runs it.</summary>
    public static void Run(SqliteConnection connection, FoundDamage damage, string remedy)
    {
        try
        {
            using SqliteStatement check = new(connection, $"PRAGMA integrity_check({MostProblems})");
            while (check.Step())
            {
                if (check.Text(0) is not "ok" and var problem)
                {
                    damage.OfFile(problem.Replace('\n', ' '), remedy);
                }
            }
        }
        catch (SqliteException e) when (TableScan.IsDamage(e))
        {
            damage.OfFile(e.Message, remedy);
        }
    }

    /// <summary>Says which rows of a table cannot be read.</summary>
    public static string Unreadable(string table, long first, long last, SqliteException failure) =>
        last == long.MaxValue - 1
            ? $"the rows of the table {table} from number {first} on cannot be read: {failure.Message}"
            : $"the rows {first} to {last} of the table {table} cannot be read: {failure.Message}";
}
