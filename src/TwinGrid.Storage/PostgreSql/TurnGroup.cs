using System.Runtime.InteropServices;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>A turn on its way into the log.</summary>
/// <param name="Index">Its place in the group.</param>
/// <param name="Turn">The turn.</param>
/// <param name="First">The revision of its twin's first turn in the group; the others follow it without a gap.</param>
/// <param name="Number">The number of its twin.</param>
internal readonly record struct TurnRow(int Index, TwinTurn Turn, long First, long Number)
{
    /// <summary>True for the turn that must follow what is stored.</summary>
    public bool IsFirst => Turn.Revision == First;
}

/// <summary>What tells a turn from another of the same revision.</summary>
internal readonly record struct TurnKey(TwinId Twin, long Revision, long Time, uint Checksum)
{
    public static TurnKey Of(TwinTurn turn) => new(turn.Twin, turn.Revision, turn.Time, LogRow.Checksum(turn));
}

/// <summary>
/// A group of turns and snapshots and what became of each so far. A turn that does not follow the one before it in the
/// group is fenced from the start, and all that stands on it. Not thread-safe.
/// </summary>
internal sealed class TurnGroup
{
    private readonly Dictionary<TwinId, Chain> _chains;
    private readonly CommitOutcome[] _outcomes;
    private readonly IReadOnlyList<StoredSnapshot> _snapshots;
    private long _bytes;
    private int _savedSnapshots;

    /// <summary>Judges what can be judged without the database.</summary>
    /// <param name="turns">The turns, in order.</param>
    /// <param name="snapshots">The snapshots.</param>
    /// <param name="landed">Turns of it that an earlier attempt committed.</param>
    public TurnGroup(
        IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots, HashSet<TurnKey> landed)
    {
        _snapshots = snapshots;
        _outcomes = new CommitOutcome[turns.Count];
        _chains = new Dictionary<TwinId, Chain>(turns.Count);
        Rows = new List<TurnRow>(turns.Count);
        for (int i = 0; i < turns.Count; i++)
        {
            TwinTurn turn = turns[i];
            ref Chain chain = ref CollectionsMarshal.GetValueRefOrAddDefault(_chains, turn.Twin, out bool continues);
            if (continues && (chain.IsFenced || turn.Revision != chain.Last + 1))
            {
                chain.IsFenced = true;
                _outcomes[i] = CommitOutcome.Fenced;
            }
            else if (landed.Count > 0 && landed.Contains(TurnKey.Of(turn)))
            {
                chain = new Chain(turn.Revision + 1, turn.Revision, false);
            }
            else
            {
                chain = new Chain(continues ? chain.First : turn.Revision, turn.Revision, false);
                HasChains |= continues;
                ChangesListing |= LogRow.ChangesListing(turn);
                Rows.Add(new TurnRow(i, turn, chain.First, 0));
            }
        }
    }

    /// <summary>The turns that are still to be written.</summary>
    public List<TurnRow> Rows { get; }

    /// <summary>True where a twin has several turns in the group.</summary>
    public bool HasChains { get; }

    /// <summary>True where a turn changes which twins are listed.</summary>
    public bool ChangesListing { get; }

    /// <summary>True where there are snapshots to write after the turns.</summary>
    public bool HasSnapshots => _snapshots.Count > 0;

    /// <summary>The turns are committed as far as they are not fenced.</summary>
    public CommitResult Result() => new(
        _outcomes, _outcomes.Count(o => o == CommitOutcome.Fenced), _savedSnapshots,
        _snapshots.Count - _savedSnapshots, _bytes);

    /// <summary>
    /// What is said of a group when its silo was declared dead; what an earlier attempt committed stays so.
    /// </summary>
    public CommitResult AllFenced()
    {
        Fence(static _ => true);
        _savedSnapshots = 0;
        _bytes = 0;
        return Result();
    }

    /// <summary>
    /// Gives every turn the number of its twin, fences those whose twin has none, and sorts them by their key: silos
    /// that write at once wait for each other in the same order, and neighbours in the index are neighbours in time.
    /// </summary>
    public void Number(TwinNumbers numbers)
    {
        Span<TurnRow> rows = CollectionsMarshal.AsSpan(Rows);
        foreach (ref TurnRow row in rows)
        {
            row = row with { Number = numbers.Find(row.Turn.Twin) ?? 0 };
        }

        Fence(static row => row.Number == 0);
        Rows.Sort(static (a, b) => a.Number == b.Number
            ? a.Turn.Revision.CompareTo(b.Turn.Revision)
            : a.Number.CompareTo(b.Number));
    }

    /// <summary>Fences turns, with those that stand on them.</summary>
    public void Fence(Predicate<TurnRow> fenced)
    {
        HashSet<TwinId> gone = [];
        Rows.RemoveAll(row =>
        {
            if (!gone.Contains(row.Turn.Twin) && !fenced(row))
            {
                return false;
            }

            gone.Add(row.Turn.Twin);
            CollectionsMarshal.GetValueRefOrAddDefault(_chains, row.Turn.Twin, out _).IsFenced = true;
            _outcomes[row.Index] = CommitOutcome.Fenced;
            return true;
        });
    }

    /// <summary>The snapshots that stand on no fenced turn: the newest of each twin that has a number.</summary>
    public List<(long Number, StoredSnapshot Snapshot)> Snapshots(TwinNumbers numbers)
    {
        Dictionary<long, StoredSnapshot> newest = new(_snapshots.Count);
        foreach (StoredSnapshot snapshot in _snapshots)
        {
            if (numbers.Find(snapshot.Twin) is not { } number
                || (_chains.TryGetValue(snapshot.Twin, out Chain chain) && chain.IsFenced))
            {
                continue;
            }

            ref StoredSnapshot? best = ref CollectionsMarshal.GetValueRefOrAddDefault(newest, number, out _);
            best = best is null || IsNewer(snapshot, best) ? snapshot : best;
        }

        return [.. newest.Select(static pair => (pair.Key, pair.Value)).OrderBy(static pair => pair.Key)];
    }

    /// <summary>The twins of turns and snapshots.</summary>
    public IEnumerable<(TwinId Twin, bool IsNew)> Twins() =>
        Rows.Select(static row => (row.Turn.Twin, row.Turn.Revision == 1))
            .Concat(_snapshots.Select(static snapshot => (snapshot.Twin, false)));

    /// <summary>Counts what was written.</summary>
    public void Wrote(int snapshots, long snapshotBytes)
    {
        _savedSnapshots = snapshots;
        _bytes = snapshotBytes;
        foreach (TurnRow row in Rows)
        {
            _bytes += row.Turn.Inputs.Length;
        }
    }

    private static bool IsNewer(StoredSnapshot one, StoredSnapshot other) =>
        (one.Revision, one.FoldVersion).CompareTo((other.Revision, other.FoldVersion)) > 0;

    private record struct Chain(long First, long Last, bool IsFenced);
}
