using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Keeps the list of what each history file has of a twin, in the writer's transactions. Belongs to one thread.
/// </summary>
internal sealed class SealedListing : IDisposable
{
    private readonly SqliteStatement _note;
    private readonly SqliteStatement _find;
    private readonly SqliteStatement _save;
    private readonly SqliteStatement _forget;
    private readonly SqliteStatement _drop;

    public SealedListing(SqliteConnection connection)
    {
        _note = new(connection, "INSERT INTO history_file (name, life) VALUES (?1, 1) ON CONFLICT DO NOTHING");
        _find = new(connection, """
            SELECT f.life, s.twin_id IS NOT NULL, s.contents FROM history_file f
            LEFT JOIN sealed_in s ON s.twin_id = ?1 AND s.file = f.name AND s.life = f.life
            WHERE f.name = ?2
            """);
        _save = new(connection, """
            INSERT INTO sealed_in (twin_id, file, life, contents) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (twin_id, file) DO UPDATE SET life = excluded.life, contents = excluded.contents
            """);
        _forget = new(connection, "UPDATE sealed_in SET contents = NULL WHERE twin_id = ?1");
        _drop = new(connection, "UPDATE history_file SET life = life + 1 WHERE name = ?1");
    }

    /// <summary>A part's rows become visible.</summary>
    public void Add(TwinId twin, long number, ILookup<string, HistoryRow> rows)
    {
        foreach (IGrouping<string, HistoryRow> file in rows)
        {
            _note.Bind(1, file.Key).Run();
            if (Find(twin, number, file.Key) is var (life, contents))
            {
                contents.Add(file);
                _save.Bind(1, number).Bind(2, file.Key).Bind(3, life).Bind(4, contents.Pack(twin)).Run();
            }
        }
    }

    /// <summary>Some of what is listed of a twin goes: how much is not known from then on.</summary>
    public void Forget(long number) => _forget.Bind(1, number).Run();

    /// <summary>Files are dropped, with all that is listed of them.</summary>
    public void Drop(IEnumerable<string> files)
    {
        foreach (string file in files)
        {
            _drop.Bind(1, file).Run();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _note.Dispose();
        _find.Dispose();
        _save.Dispose();
        _forget.Dispose();
        _drop.Dispose();
    }

    // Null where it cannot be told what else of the twin is there.
    private (long Life, PartitionContents Contents)? Find(TwinId twin, long number, string file)
    {
        try
        {
            _find.Bind(1, number).Bind(2, file).Step();
            long life = _find.Int64(0);
            bool isThere = _find.Int64(1) != 0;
            return life == 0 || (isThere && _find.IsNull(2)) ? null
                : (life, isThere ? PartitionContents.Unpack(twin, _find.Blob(2)) : new PartitionContents());
        }
        finally
        {
            _find.Reset();
        }
    }
}
