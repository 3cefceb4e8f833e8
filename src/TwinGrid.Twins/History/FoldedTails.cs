namespace TwinGrid.Twins.History;

/// <summary>
/// The tails that a silo's newest questions had folded, so that the next question about a twin (a chart that is drawn
/// anew every few seconds) folds only what came since. What is taken is nobody else's until it is put back; those that
/// nobody asked for longest go first. Thread-safe.
/// </summary>
/// <param name="mostBytes">
/// About how much memory they may take; default 16 MiB, which is a chart of four telemetries at 1 Hz of about 80 twins.
/// </param>
internal sealed class FoldedTails(long mostBytes = 16L << 20)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TwinId, LinkedListNode<FoldedTail>> _tails = [];
    private readonly LinkedList<FoldedTail> _byUse = [];
    private long _bytes;

    /// <summary>Takes a twin's tail; null where there is none that begins after that revision.</summary>
    public FoldedTail? Take(TwinId twin, long after)
    {
        lock (_lock)
        {
            return _tails.TryGetValue(twin, out LinkedListNode<FoldedTail>? found)
                && Remove(found) is { } tail && tail.Sealed == after ? tail : null;
        }
    }

    /// <summary>Puts a tail (back); the longer one of two stays.</summary>
    public void Put(FoldedTail tail)
    {
        lock (_lock)
        {
            if (_tails.TryGetValue(tail.Twin, out LinkedListNode<FoldedTail>? other))
            {
                if ((other.Value.Sealed, other.Value.Revision).CompareTo((tail.Sealed, tail.Revision)) >= 0)
                {
                    return;
                }

                Remove(other);
            }

            _tails.Add(tail.Twin, _byUse.AddLast(tail));
            _bytes += tail.Bytes;
            while (_bytes > mostBytes)
            {
                Remove(_byUse.First!);
            }
        }
    }

    private FoldedTail Remove(LinkedListNode<FoldedTail> node)
    {
        _byUse.Remove(node);
        _tails.Remove(node.Value.Twin);
        _bytes -= node.Value.Bytes;
        return node.Value;
    }
}
