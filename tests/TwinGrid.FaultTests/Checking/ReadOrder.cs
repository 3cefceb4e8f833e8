namespace TwinGrid.FaultTests.Checking;

/// <summary>
/// C6: reads of one twin are linearizable. Revisions only grow, so no search is needed: a read must show what was
/// acknowledged before it began, nothing that was not sent before it ended, and no less than any read that had ended
/// before it began.
/// </summary>
internal static class ReadOrder
{
    /// <summary>Judges the reads of one twin in O(n log n).</summary>
    public static void Judge(TwinHistory history, Verdict verdict)
    {
        SeenRead[] begun = [.. history.Reads.Where(static read => read.Durable).OrderBy(static read => read.Invoked)];
        SeenRead[] ended = [.. begun.OrderBy(static read => read.Completed)];
        int over = 0;
        long floor = 0;
        foreach (SeenRead read in begun)
        {
            while (ended[over].Completed < read.Invoked)
            {
                floor = Math.Max(floor, ended[over++].Revision);
            }

            if (read.Revision < floor)
            {
                verdict.Stale(
                    $"{history.Twin}: silo {read.From} showed revision {read.Revision} after {floor} was seen");
            }

            long kept = Before(history.Kept, read.Invoked);
            if (read.Number < kept)
            {
                verdict.Stale(
                    $"{history.Twin}: silo {read.From} showed {read.Number} after {kept} was acknowledged");
            }

            long sent = Before(history.Sent, read.Completed);
            if (read.Number > sent)
            {
                verdict.Stale($"{history.Twin}: silo {read.From} showed {read.Number} when {sent} was the last sent");
            }
        }
    }

    // How far it had got strictly before a moment; 0 before the first.
    private static long Before(IReadOnlyList<Progress> progress, long moment)
    {
        int low = 0;
        int high = progress.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = progress[middle].At < moment ? (middle + 1, high) : (low, middle);
        }

        return low == 0 ? 0 : progress[low - 1].Number;
    }
}
