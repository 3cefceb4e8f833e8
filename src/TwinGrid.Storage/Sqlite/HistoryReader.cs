using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Reads sealed history from its partitions, some of them kept open. Of a twin it opens those that have something which
/// the question needs, so that a damaged one fails no other question. Belongs to one thread.
/// </summary>
internal sealed class HistoryReader(SqliteDatabase database, HistoryFiles files, TimeProvider clock) : IDisposable
{
    /// <summary>Files that stay open: as many as 30 days of one class of keeping have.</summary>
    private const int MostOpen = 24;

    private readonly Dictionary<string, HistoryFileReader> _open = new(StringComparer.Ordinal);
    private int _dropped;

    /// <summary>The segment with a revision's turn; null where none is kept.</summary>
    /// <exception cref="TwinGridException">A file that should have it is damaged.</exception>
    public HistoryRow? FindTurns(TwinId twin, long revision, ListedHistory listed) => InTurn(listed)
        .Where(file => file.Contents is not { } contents
            || (contents.Turns is { } turns && turns.FirstRevision <= revision && turns.LastRevision >= revision))
        .OrderByDescending(file => file.File.Begins)
        .Select(file => Read(file, listed, reader => reader.FindTurns(twin, revision, listed.Through)))
        .FirstOrDefault(row => row is not null);

    /// <summary>The last segment with a turn at or before a time; null where none is kept.</summary>
    /// <exception cref="TwinGridException">A file that should have it is damaged.</exception>
    public HistoryRow? FindTurnsAt(TwinId twin, long time, ListedHistory listed)
    {
        HistoryRow? last = null;
        foreach (ListedFile file in InTurn(listed)
            .Where(file => file.Contents is not { } contents || contents.Turns?.FirstTime <= time)
            .OrderByDescending(file => file.Contents?.Turns?.LastRevision ?? long.MaxValue))
        {
            if (file.Contents?.Turns?.LastRevision <= last?.LastRevision)
            {
                break;
            }

            HistoryRow? found = Read(file, listed, reader => reader.FindTurnsAt(twin, time, listed.Through));
            last = found?.LastRevision > (last?.LastRevision ?? 0) ? found : last;
        }

        return last;
    }

    /// <summary>The first revision of the oldest segment that is kept, and its time; null where none is.</summary>
    public (long Revision, long Time)? FindOldest(TwinId twin, ListedHistory listed)
    {
        (long Revision, long Time)? oldest = null;
        foreach (ListedFile file in InTurn(listed))
        {
            (long Revision, long Time)? own = file.Contents is { } contents
                ? contents.Turns is { } turns ? (turns.FirstRevision, turns.FirstTime) : null
                : Read(file, listed, reader => reader.FindOldest(twin, listed.Through)) is { } row
                    ? (row.FirstRevision, row.FirstTime)
                    : null;
            oldest = own is null || oldest?.Revision <= own.Value.Revision ? oldest : own;
        }

        return oldest;
    }

    /// <summary>The telemetry that has readings.</summary>
    public IReadOnlyList<SealedTelemetry> ReadTelemetry(TwinId twin, ListedHistory listed)
    {
        Dictionary<string, long> oldest = new(StringComparer.Ordinal);
        foreach (ListedFile file in InTurn(listed))
        {
            IEnumerable<KeyValuePair<string, long>> own = file.Contents is { } contents
                ? contents.Telemetry.Select(name => KeyValuePair.Create(name.Key, name.Value.FirstTime))
                : Read(file, listed, reader => reader.ReadTelemetry(twin)) ?? new Dictionary<string, long>();
            foreach ((string name, long time) in own)
            {
                oldest[name] = oldest.TryGetValue(name, out long other) ? Math.Min(time, other) : time;
            }
        }

        return [.. oldest.Select(telemetry => new SealedTelemetry(telemetry.Key, telemetry.Value))];
    }

    /// <summary>The readings of one telemetry in one partition that reach into a range, by their first time.</summary>
    /// <exception cref="TwinGridException">The file is damaged, or blocks are missing from it.</exception>
    public List<HistoryRow> ReadReadings(
        ListedFile file, TwinId twin, string telemetry, (long From, long To) range, long through, ListedHistory listed)
    {
        if (file.Contents?.Of(telemetry) is { } known)
        {
            if (!known.ReachInto(range.From, range.To))
            {
                return [];
            }

            long there = Read(file, listed, reader => reader.CountBlocks(twin, telemetry, listed.Through));
            if (there < known.Rows && files.Dropped == listed.Dropped && !IsGone(file.File))
            {
                throw new TwinDamagedException(
                    $"The history of {twin} is damaged: "
                    + $"{PartitionContents.Missing(telemetry, known.Rows - there, known.Rows)} from "
                    + $"{file.File.Path}. {HistoryFileVerifier.Remedy}");
            }
        }
        else if (file.Contents is not null || file.File.Begins >= range.To)
        {
            return [];
        }

        return Read(
            file,
            listed,
            reader => reader.ReadReadings(twin, telemetry, range.From, range.To, through)) ?? [];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (HistoryFileReader reader in _open.Values)
        {
            reader.Dispose();
        }
    }

    private IEnumerable<ListedFile> InTurn(ListedHistory listed) => listed.In(files, database.HistoryDirectory);

    // The default where nothing is there that counts.
    private T? Read<T>(ListedFile file, ListedHistory listed, Func<HistoryFileReader, T> read)
    {
        int dropped = files.Dropped;
        try
        {
            HistoryFileReader? reader = Open(file, listed);
            return reader is null ? default : read(reader);
        }
        catch (SqliteException e)
        {
            Close(file.File.Path);
            if (files.Dropped != dropped)
            {
                // Dropped in between; what is there by now may have no tables yet.
                return default;
            }

            throw TableScan.IsDamage(e) ? Damaged(file.File, e.Message, e) : database.At(file.File.Path).Explain(e);
        }
    }

    private HistoryFileReader? Open(ListedFile listedFile, ListedHistory listed)
    {
        HistoryFile file = listedFile.File;
        int dropped = files.Dropped;
        if (dropped != _dropped)
        {
            _open.Keys.ToList().ForEach(Close);
            _dropped = dropped;
        }

        if (_open.TryGetValue(file.Path, out HistoryFileReader? reader))
        {
            return reader;
        }

        if (!files.All.Contains(file) || !File.Exists(file.Path))
        {
            return listedFile.Contents is null || listed.Dropped != files.Dropped
                || IsGone(file)
                ? null
                : throw Damaged(file, "it is missing");
        }

        if (_open.Count >= MostOpen)
        {
            Close(_open.Keys.First());
        }

        reader = HistoryFileReader.Open(database.At(file.Path));
        if (reader is null)
        {
            // Its making never ended: nothing in it was ever visible. Whoever writes there makes its tables.
            return listedFile.Contents is null || listed.Dropped != files.Dropped
                ? null
                : throw Damaged(file, "it is empty");
        }

        _open.Add(file.Path, reader);
        return reader;
    }

    // In a backup that was made while it was dropped.
    private bool IsGone(HistoryFile file) => !File.Exists(file.Path) && file.IsExpired(UnixMicroseconds.Now(clock));

    private static TwinDamagedException Damaged(HistoryFile file, string why, SqliteException? cause = null) =>
        new($"The history file {file.Path} is damaged: {why}. {HistoryFileVerifier.Remedy}", cause!);

    private void Close(string path)
    {
        if (_open.Remove(path, out HistoryFileReader? reader))
        {
            reader.Dispose();
        }
    }
}
