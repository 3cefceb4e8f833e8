using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Reads a table row by row in the order of its whole-number key. Where a page cannot be read it goes on behind it,
/// first close by and then farther off, so that damage in one place does not hide the rest.
/// </summary>
internal static class TableScan
{
    /// <summary>Beyond so large a step there is nothing: keys are given one after the other.</summary>
    private const long LargestStep = 1L << 32;

    /// <summary>Reads all rows.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="sql">Selects the key as its first column, keys greater than ?1 only, ordered by the key.</param>
    /// <param name="row">Is called with each row.</param>
    /// <param name="unreadable">Is called once for each stretch that cannot be read, with the key before it.</param>
    public static void Read(
        SqliteConnection connection, string sql, Action<SqliteStatement> row, Action<long, SqliteException> unreadable)
    {
        long last = 0;
        for (long after = 0, step = 1; step < LargestStep; step *= 2)
        {
            try
            {
                using SqliteStatement statement = new(connection, sql);
                statement.Bind(1, after);
                while (statement.Step())
                {
                    (last, step) = (statement.Int64(0), 1);
                    row(statement);
                }

                return;
            }
            catch (SqliteException e) when (IsDamage(e))
            {
                if (step == 1)
                {
                    unreadable(last, e);
                }

                after = last + step;
            }
        }
    }

    /// <summary>True for a failure that says that the file is not as it was written.</summary>
    public static bool IsDamage(SqliteException e) =>
        e.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_IOERR;
}
