using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>How far a twin's log is sealed, and where its single turns are.</summary>
/// <param name="Head">The twin's newest turn.</param>
/// <param name="Sealed">Turns up to it are sealed or erased.</param>
/// <param name="Incarnation">Who sealed it last; 0 for nobody.</param>
/// <param name="State">The state at <paramref name="Sealed"/>; null where the fold begins with an empty twin.</param>
/// <param name="Snapshot">The newest snapshot, or null.</param>
/// <param name="History">What is listed of where its sealed turns are.</param>
internal sealed record LogPosition(
    Head Head,
    long Sealed,
    long Incarnation,
    StoredSnapshot? State,
    StoredSnapshot? Snapshot,
    ListedHistory History);

/// <summary>Reads what of a twin's log is not sealed. Belongs to one thread.</summary>
internal sealed class LogReader : IDisposable
{
    /// <summary>Single turns that are read at once, and the bytes after which no further one is.</summary>
    private const int PageTurns = 128;
    private const int PageBytes = 1 << 20;

    /// <summary>A walk back from the head that was so long is remembered: who makes it takes it in parts.</summary>
    private const int LongWalk = 8_192;

    private readonly TwinRows _rows;
    private readonly OneMoment _moment;
    private readonly SqliteStatement _sealed;
    private readonly SqliteStatement _unsealed;
    private readonly ListingReader _listing;

    private (long Twin, long From, List<long> TurnIds) _walk;

    public LogReader(SqliteConnection connection, OneMoment moment, TwinRows rows)
    {
        _rows = rows;
        _moment = moment;
        _sealed = new(connection, "SELECT revision, incarnation, listed FROM sealed WHERE twin_id = ?1");
        _listing = new ListingReader(connection);
        _unsealed = new(connection, """
            SELECT twin_id, kind, key FROM twin LEFT JOIN sealed USING (twin_id)
            WHERE twin_id > ?1 AND (
                snapshot_revision - erased_before + 1 >= ?2
                OR (snapshot_revision >= erased_before AND coalesce(sealed_at, 0) < ?3))
            ORDER BY twin_id LIMIT ?4
            """);
    }

    /// <summary>Where a twin's log stands; null for an unknown twin.</summary>
    /// <param name="twin">Which.</param>
    /// <param name="dropped">How many history files were dropped before.</param>
    public LogPosition? Find(TwinId twin, int dropped) => _moment.Read(() => FindNow(twin, dropped));

    /// <summary>
    /// The same, and the newest unsealed turn at or before a time, 0 where there is none. At one moment: a turn that is
    /// sealed in between would be in neither.
    /// </summary>
    /// <param name="twin">Which.</param>
    /// <param name="dropped">How many history files were dropped before.</param>
    /// <param name="time">Unix microseconds.</param>
    public (LogPosition? Log, long Revision) FindAt(TwinId twin, int dropped, long time) => _moment.Read(() =>
    {
        LogPosition? log = FindNow(twin, dropped);
        return (log, log is null ? 0 : FindTurnAt(twin, log.Head, time));
    });

    private LogPosition? FindNow(TwinId twin, int dropped)
    {
        if (_rows.FindHead(twin) is not { } head)
        {
            return null;
        }

        (long revision, long incarnation, long listed) = FindSealed(head.Twin);
        bool isListed = listed == revision;
        revision = Math.Max(revision, head.ErasedBefore - 1);
        StoredSnapshot? state = _rows.ReadSealedState(twin, head.Twin);
        return new LogPosition(
            head,
            revision,
            incarnation,
            state?.Revision == revision ? state : null,
            _rows.ReadSnapshot(twin, head.Twin),
            new ListedHistory(
                revision, isListed, _listing.Read(twin, head.Twin), _listing.ReadComplete(), dropped));
    }

    /// <summary>The rows of a twin's turns from a revision on, in order; none of those that are sealed.</summary>
    public (long Number, List<long> TurnIds) FindTurns(TwinId twin, long from, long through) =>
        _moment.Read<(long, List<long>)>(() =>
        {
            if (_rows.FindHead(twin) is not { } head || from < head.ErasedBefore)
            {
                return (0, []);
            }

            through = Math.Min(through, head.Revision);
            if (_walk.Twin != head.Twin || from < _walk.From || through >= _walk.From + _walk.TurnIds.Count)
            {
                (long, long From, List<long> TurnIds) walk = (head.Twin, from, Walk(twin, head, from));
                _walk = walk.TurnIds.Count > LongWalk ? walk : default;
                return (head.Twin, walk.TurnIds[..(int)Math.Max(0, through - from + 1)]);
            }

            int skipped = (int)(from - _walk.From);
            return (head.Twin, _walk.TurnIds[skipped..(int)(through - _walk.From + 1)]);
        });

    /// <summary>Reads some of the turns that were found; fewer where they went meanwhile.</summary>
    /// <param name="twin">Whose.</param>
    /// <param name="number">The twin's number.</param>
    /// <param name="revision">The revision of the first.</param>
    /// <param name="turnIds">Their rows.</param>
    /// <param name="from">The first of these to read.</param>
    public List<TwinTurn> ReadTurns(TwinId twin, long number, long revision, List<long> turnIds, int from) =>
        _moment.Read(() =>
        {
            List<TwinTurn> turns = [];
            long bytes = 0;
            for (int i = from; i < turnIds.Count && turns.Count < PageTurns && bytes < PageBytes; i++)
            {
                if (_rows.TryReadTurn(twin, number, revision, turnIds[i]) is not { } turn)
                {
                    break;
                }

                turns.Add(turn);
                bytes += turn.Inputs.Length;
                revision++;
            }

            return turns;
        });

    private long FindTurnAt(TwinId twin, in Head head, long time)
    {
        long turnId = head.TurnId;
        for (long revision = head.Revision; revision >= head.ErasedBefore; revision--)
        {
            (long previous, long at) = _rows.FindPrevious(head.Twin, revision, turnId)
                ?? throw LogRow.Missing(twin, revision);
            if (at <= time)
            {
                return revision;
            }

            turnId = previous;
        }

        return 0;
    }

    /// <summary>The next twins after a number that may be sealed, in the order of their numbers.</summary>
    public IReadOnlyList<(long Number, TwinId Twin)> ReadUnsealed(
        int turns, long sealedBefore, long after, int limit)
    {
        List<(long, TwinId)> page = [];
        try
        {
            _unsealed.Bind(1, after).Bind(2, turns).Bind(3, sealedBefore).Bind(4, limit);
            while (_unsealed.Step())
            {
                page.Add((_unsealed.Int64(0), new TwinId(_unsealed.Text(1), _unsealed.Text(2))));
            }

            return page;
        }
        finally
        {
            _unsealed.Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sealed.Dispose();
        _unsealed.Dispose();
        _listing.Dispose();
    }

    private List<long> Walk(TwinId twin, in Head head, long from)
    {
        List<long> turnIds = [];
        long turnId = head.TurnId;
        for (long revision = head.Revision; revision >= from; revision--)
        {
            turnIds.Add(turnId);
            turnId = _rows.FindPrevious(head.Twin, revision, turnId)?.Previous
                ?? throw LogRow.Missing(twin, revision);
        }

        turnIds.Reverse();
        return turnIds;
    }

    private (long Revision, long Incarnation, long Listed) FindSealed(long number)
    {
        try
        {
            return _sealed.Bind(1, number).Step()
                ? (_sealed.Int64(0), _sealed.Int64(1), _sealed.Int64(2))
                : (0, 0, 0);
        }
        finally
        {
            _sealed.Reset();
        }
    }
}
