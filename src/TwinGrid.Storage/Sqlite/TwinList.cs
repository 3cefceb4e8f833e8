using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Lists twins in the order of the index of their ids. Belongs to one thread.</summary>
internal sealed class TwinList : IDisposable
{
    private readonly SqliteStatement _ofAll;
    private readonly SqliteStatement _ofKind;

    public TwinList(SqliteConnection connection)
    {
        _ofAll = new(connection, """
            SELECT kind, key FROM twin WHERE tenant = ?1 AND (kind, key) > (?2, ?3) AND NOT deleted
            ORDER BY kind, key LIMIT ?4
            """);
        _ofKind = new(connection, """
            SELECT kind, key FROM twin WHERE tenant = ?1 AND kind = ?2 AND key > ?3 AND NOT deleted
            ORDER BY key LIMIT ?4
            """);
    }

    /// <inheritdoc cref="ITwinStore.ReadTwinsAsync"/>
    public IReadOnlyList<TwinId> Read(string? kind, TwinId? after, int limit)
    {
        SqliteStatement statement = kind is null ? _ofAll : _ofKind;
        ListStart start = ListStart.Of(kind, after);
        List<TwinId> page = [];
        try
        {
            statement.Bind(1, TwinId.DefaultTenant).Bind(2, start.Kind).Bind(3, start.Key).Bind(4, limit);
            while (!start.IsPastEnd && statement.Step())
            {
                page.Add(new TwinId(statement.Text(0), statement.Text(1)));
            }

            return page;
        }
        finally
        {
            statement.Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ofAll.Dispose();
        _ofKind.Dispose();
    }
}
