using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <summary>A part that was written.</summary>
/// <param name="TurnBytes">Bytes of turns.</param>
/// <param name="ReadingBytes">Bytes of readings.</param>
/// <param name="Rows">Its rows by the names of the files that they are in.</param>
internal sealed record AppendedPart(long TurnBytes, long ReadingBytes, ILookup<string, HistoryRow> Rows);

/// <summary>
/// Writes sealed history into its partitions, those in use kept open. After a failed fsync it writes no more: a
/// partition that is opened again takes for committed what stands in its log, and that may never have reached the
/// disk; the next start writes it anew (<see cref="HistoryRecovery"/>). Belongs to one thread.
/// </summary>
internal sealed partial class HistoryWriter(SqliteDatabase database, HistoryFiles files, ILogger logger) : IDisposable
{
    /// <summary>Files that stay open: what is sealed is mostly of today.</summary>
    private const int MostOpen = 8;

    private readonly Dictionary<string, HistoryFileWriter> _open = new(StringComparer.Ordinal);
    private TwinGridException? _refusal;

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
            DeleteAll(part.Twin, part.Turns[0].Revision, long.MaxValue, []);
        }

        List<(HistorySpan Span, HistoryRow Row)> rows = PartRows.Of(part, before, keep, now);
        ILookup<HistoryFile, HistoryRow> byFile = rows.ToLookup(
            row => files.For(row.Span.Keep, row.Span.Begins), row => row.Row);
        foreach (IGrouping<HistoryFile, HistoryRow> own in byFile)
        {
            Write(own.Key, writer => writer.Append(part.Twin, [.. own]));
            files.Add(own.Key);
        }

        (long turnBytes, long readingBytes) = PartRows.Bytes(rows);
        return new AppendedPart(
            turnBytes,
            readingBytes,
            byFile.SelectMany(own => own, (own, row) => (Name: Path.GetFileName(own.Key.Path), row))
                .ToLookup(row => row.Name, row => row.row));
    }

    /// <summary>Erases a twin's parts that begin before a revision.</summary>
    /// <param name="twin">Whose.</param>
    /// <param name="beforeRevision">The revision.</param>
    /// <param name="listed">The names of the files that have something of it.</param>
    public bool Erase(TwinId twin, long beforeRevision, IReadOnlyCollection<string> listed)
    {
        DeleteAll(twin, 0, beforeRevision - 1, listed);
        return true;
    }

    /// <summary>Drops partitions that are older than they are kept.</summary>
    /// <param name="expired">Their names.</param>
    /// <returns>How many went.</returns>
    public int Drop(IReadOnlyCollection<string> expired)
    {
        int dropped = 0;
        foreach (HistoryFile file in files.All.Where(file => expired.Contains(Path.GetFileName(file.Path))))
        {
            Close(file.Path);
            dropped += files.TryDelete(file) ? 1 : 0;
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

    // What a damaged file has beyond what the twin is listed with is visible to nobody, now or later.
    private void DeleteAll(TwinId twin, long from, long through, IReadOnlyCollection<string> listed)
    {
        foreach (HistoryFile file in files.All)
        {
            try
            {
                Write(file, writer => writer.Delete(twin, from, through));
            }
            catch (TwinGridException e) when (
                e.InnerException is SqliteException damage && TableScan.IsDamage(damage)
                && !listed.Contains(Path.GetFileName(file.Path)))
            {
                LogPassedOver(logger, file.Path, damage.Message);
            }
        }
    }

    private void Write(HistoryFile file, Action<HistoryFileWriter> write)
    {
        if (_refusal is not null)
        {
            throw _refusal;
        }

        try
        {
            write(Open(file));
        }
        catch (SqliteException e)
        {
            SqliteDatabase own = database.At(file.Path);
            _refusal = own.NoteIfBroken(e, logger);
            Close(file.Path);
            throw _refusal ?? own.Explain(e);
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

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "History file {Path} is damaged ({Why}): nothing is taken from it; what other files have goes on")]
    private static partial void LogPassedOver(ILogger logger, string path, string why);
}
