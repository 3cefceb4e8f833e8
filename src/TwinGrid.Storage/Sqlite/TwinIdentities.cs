using Microsoft.Data.Sqlite;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// The numbers that stand for twins in the rows: looked up, given in the writer's transaction, and remembered.
/// </summary>
internal sealed class TwinIdentities : IDisposable
{
    /// <summary>
    /// At most so many are remembered, about 10 MB besides the text of the ids; beyond, it forgets all and begins
    /// anew. A twin that is not remembered costs one look-up in an index.
    /// </summary>
    private const int Remembered = 262_144;

    private readonly Dictionary<TwinId, long> _known = [];
    private readonly SqliteStatement _find;
    private readonly SqliteStatement _insert;
    private readonly SqliteStatement _insertHead;

    public TwinIdentities(SqliteConnection connection)
    {
        _find = new(connection, "SELECT twin_id FROM twin WHERE tenant = ?1 AND kind = ?2 AND key = ?3");
        _insert = new(connection, "INSERT INTO twin (tenant, kind, key) VALUES (?1, ?2, ?3) RETURNING twin_id");
        _insertHead = new(connection, "INSERT INTO head VALUES (?1, 0, 0)");
    }

    /// <summary>The number of a twin, or null for one without rows.</summary>
    public long? Find(TwinId twin)
    {
        if (_known.TryGetValue(twin, out long id))
        {
            return id;
        }

        return _find.Bind(twin).Find() is { } found ? Remember(twin, found) : null;
    }

    /// <summary>The number of a twin; given now, with a head at revision 0, where it has none.</summary>
    public long FindOrAdd(TwinId twin)
    {
        if (Find(twin) is { } known)
        {
            return known;
        }

        long id = _insert.Bind(twin).Find()!.Value;
        _insertHead.Bind(1, id).Run();
        return Remember(twin, id);
    }

    /// <summary>Forgets what is remembered: the transaction that gave numbers was rolled back.</summary>
    public void Forget() => _known.Clear();

    /// <inheritdoc/>
    public void Dispose()
    {
        _find.Dispose();
        _insert.Dispose();
        _insertHead.Dispose();
    }

    private long Remember(TwinId twin, long id)
    {
        if (_known.Count >= Remembered)
        {
            _known.Clear();
        }

        _known[twin] = id;
        return id;
    }
}
