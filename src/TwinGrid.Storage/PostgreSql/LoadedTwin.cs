using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// One twin while its rows are read with those of others. What is wrong with its rows is its own: the others are read.
/// </summary>
internal sealed class LoadedTwin(TwinId twin)
{
    private readonly List<TwinTurn> _tail = [];
    private StoredSnapshot? _snapshot;
    private TwinGridException? _failure;
    private long _head;
    private long _next = 1;

    /// <summary>Takes its row of place, erased_before, head, and the snapshot's six columns.</summary>
    public void TakeHead(NpgsqlDataReader row) => Take(() =>
    {
        _head = row.GetInt64(2);
        _snapshot = row.IsDBNull(3) ? null : TwinReading.Snapshot(row, twin, 3);
        _next = Math.Max(row.GetInt64(1), (_snapshot?.Revision ?? 0) + 1);
        if (_snapshot?.Revision > _head)
        {
            throw LogRow.Missing(twin, _snapshot.Revision);
        }
    });

    /// <summary>Takes the next of its turns.</summary>
    public void TakeTurn(NpgsqlDataReader row) => Take(() => _tail.Add(TwinReading.Turn(row, twin, _next++)));

    /// <summary>All of it; an unknown twin has nothing.</summary>
    /// <exception cref="TwinGridException">A row is damaged or missing.</exception>
    public StoredTwin Result() => _failure is not null
        ? throw _failure
        : _next > _head ? new StoredTwin(_snapshot, _tail) : throw LogRow.Missing(twin, _next);

    private void Take(Action read)
    {
        if (_failure is not null)
        {
            return;
        }

        try
        {
            read();
        }
        catch (TwinGridException e)
        {
            _failure = e;
        }
    }
}
