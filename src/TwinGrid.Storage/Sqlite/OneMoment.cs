using Microsoft.Data.Sqlite;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Reads of a connection that see one consistent moment: a transaction of its own. Belongs to one thread.
/// </summary>
internal sealed class OneMoment(SqliteConnection connection) : IDisposable
{
    private readonly SqliteStatement _begin = new(connection, "BEGIN");
    private readonly SqliteStatement _end = new(connection, "COMMIT");

    /// <summary>Reads.</summary>
    public TResult Read<TResult>(Func<TResult> read)
    {
        _begin.Run();
        try
        {
            return read();
        }
        finally
        {
            _end.Run();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _begin.Dispose();
        _end.Dispose();
    }
}
