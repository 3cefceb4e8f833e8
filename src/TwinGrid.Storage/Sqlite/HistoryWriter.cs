using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <summary>A part that was written.</summary>
/// <param name="TurnBytes">Bytes of turns.</param>
/// <param name="ReadingBytes">Bytes of readings.</param>
/// <param name="Files">The names of the files that it is in.</param>
internal sealed record AppendedPart(long TurnBytes, long ReadingBytes, IReadOnlyList<string> Files);

/// <summary>Writes sealed history into its partitions, those in use kept open. Belongs to one thread.</summary>
internal sealed class HistoryWriter(SqliteDatabase database, HistoryFiles files) : IDisposable
{
    /// <summary>Files that stay open: what is sealed is mostly of today.</summary>
    private const int MostOpen = 8;

    private readonly Dictionary<string, HistoryFileWriter> _open = new(StringComparer.Ordinal);

    /// <summary>Appends the rows of a part, each on disk when it ends.</summary>
    /// <param name="part">The part.</param>
    /// <param name="before">The state before its first turn.</param>
    /// <param name="keep">How long turns are kept, microseconds.</param>
    /// <param name="now">Unix microseconds: what comes from later belongs to now, so that it ends as all else.</param>
    /// <param name="clean">True where a crash may have left rows beyond what is sealed: they go first.</param>
    /// <returns>What was written, and where.</returns>
    public AppendedPart Append(
        SealedTurns part, StoredSnapshot? before, long keep, long now, bool clean)
    {
        if (clean)
        {
            DeleteAll(part.Twin, part.Turns[0].Revision, long.MaxValue);
        }

        List<(HistorySpan Span, HistoryRow Row)> rows = PartRows.Of(part, before, keep, now);
        List<string> names = [];
        foreach (IGrouping<HistorySpan, (HistorySpan, HistoryRow Row)> own in rows.GroupBy(row => row.Span))
        {
            HistoryFile file = files.For(own.Key.Keep, own.Key.Begins);
            Open(file).Append(part.Twin, [.. own.Select(row => row.Row)]);
            files.Add(file);
            names.Add(Path.GetFileName(file.Path));
        }

        (long turnBytes, long readingBytes) = PartRows.Bytes(rows);
        return new AppendedPart(turnBytes, readingBytes, names);
    }

    /// <summary>Erases a twin's parts that begin before a revision.</summary>
    public bool Erase(TwinId twin, long beforeRevision)
    {
        DeleteAll(twin, 0, beforeRevision - 1);
        return true;
    }

    /// <summary>Drops the partitions that are older than they are kept.</summary>
    /// <returns>How many went.</returns>
    public int Drop(long now)
    {
        int dropped = 0;
        foreach (HistoryFile file in files.All)
        {
            if (file.Ends + file.Keep <= now)
            {
                Close(file.Path);
                dropped += files.TryDelete(file) ? 1 : 0;
            }
        }

        return dropped;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (HistoryFileWriter writer in _open.Values)
        {
            writer.Dispose();
        }
    }

    private void DeleteAll(TwinId twin, long from, long through)
    {
        foreach (HistoryFile file in files.All)
        {
            Open(file).Delete(twin, from, through);
        }
    }

    private HistoryFileWriter Open(HistoryFile file)
    {
        if (!_open.TryGetValue(file.Path, out HistoryFileWriter? writer))
        {
            if (_open.Count >= MostOpen)
            {
                Close(_open.Keys.First());
            }

            _open.Add(file.Path, writer = new HistoryFileWriter(database.At(file.Path)));
        }

        return writer;
    }

    private void Close(string path)
    {
        if (_open.Remove(path, out HistoryFileWriter? writer))
        {
            writer.Dispose();
        }
    }
}
