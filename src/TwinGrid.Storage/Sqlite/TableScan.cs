using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Reads a table row by row in the order of its whole-number key. Where a page cannot be read it goes on with the first
/// row behind it, so that damage in one place does not hide the rest.
/// </summary>
internal static class TableScan
{
    /// <summary>Beyond so large a stretch there is nothing: keys are given one after the other.</summary>
    private const long LongestStretch = 1L << 32;

    /// <summary>SQLITE_IOERR_CORRUPTFS (https://sqlite.org/rescode.html): the disk cannot read what it holds.</summary>
    private const int CorruptFileSystem = raw.SQLITE_IOERR | (33 << 8);

    /// <summary>Reads all rows.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="sql">Selects the key as its first column, keys from ?1 on, ordered by the key.</param>
    /// <param name="row">Is called with each row.</param>
    /// <param name="unreadable">Is called with the first and the last key of each stretch that cannot be read.</param>
    public static void Read(
        SqliteConnection connection,
        string sql,
        Action<SqliteStatement> row,
        Action<long, long, SqliteException> unreadable)
    {
        long from = 1;
        while (true)
        {
            try
            {
                using SqliteStatement statement = new(connection, sql);
                statement.Bind(1, from);
                while (statement.Step())
                {
                    row(statement);
                    from = statement.Int64(0) + 1;
                }

                return;
            }
            catch (SqliteException e) when (IsDamage(e))
            {
                long next = FindReadable(connection, sql, from);
                unreadable(from, next - 1, e);
                from = next;
                if (next == long.MaxValue)
                {
                    return;
                }
            }
        }
    }

    /// <summary>
    /// True for a failure that says that the file is not as it was written. One to write or to lock says nothing of it.
    /// </summary>
    public static bool IsDamage(SqliteException e) =>
        e.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
        || e.SqliteExtendedErrorCode is raw.SQLITE_IOERR_READ or raw.SQLITE_IOERR_SHORT_READ or CorruptFileSystem;

    // In steps that double, then halved: a few dozen looks however long the stretch is.
    private static long FindReadable(SqliteConnection connection, string sql, long unreadable)
    {
        long readable = unreadable + 1;
        for (long step = 2; !IsReadable(connection, sql, readable); step *= 2)
        {
            if (step > LongestStretch)
            {
                return long.MaxValue;
            }

            (unreadable, readable) = (readable, readable + step);
        }

        while (readable - unreadable > 1)
        {
            long middle = unreadable + ((readable - unreadable) / 2);
            (unreadable, readable) = IsReadable(connection, sql, middle) ? (unreadable, middle) : (middle, readable);
        }

        return readable;
    }

    private static bool IsReadable(SqliteConnection connection, string sql, long from)
    {
        try
        {
            using SqliteStatement statement = new(connection, sql);
            statement.Bind(1, from).Step();
            return true;
        }
        catch (SqliteException e) when (IsDamage(e))
        {
            return false;
        }
    }
}
