using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <summary>Reads sealed history from its partitions, some of them kept open. Belongs to one thread.</summary>
internal sealed class HistoryReader(SqliteDatabase database, HistoryFiles files) : IDisposable
{
    /// <summary>Files that stay open: as many as 30 days of one class of keeping have.</summary>
    private const int MostOpen = 24;

    private readonly Dictionary<string, HistoryFileReader> _open = new(StringComparer.Ordinal);
    private int _dropped;

    /// <summary>The segment with a revision's turn; null where none is kept.</summary>
    public HistoryRow? FindTurns(TwinId twin, long revision, long through) =>
        NewestFirst().Select(file => file.FindTurns(twin, revision, through)).FirstOrDefault(row => row is not null);

    /// <summary>The last segment with a turn at or before a time; null where none is kept.</summary>
    public HistoryRow? FindTurnsAt(TwinId twin, long time, long through) =>
        NewestFirst().Select(file => file.FindTurnsAt(twin, time, through)).OfType<HistoryRow>()
            .MaxBy(row => row.LastRevision);

    /// <summary>The oldest segment that is kept, or null.</summary>
    public HistoryRow? FindOldest(TwinId twin, long through) =>
        NewestFirst().Select(file => file.FindOldest(twin, through)).OfType<HistoryRow>()
            .MinBy(row => row.FirstRevision);

    /// <summary>The telemetry that has readings.</summary>
    public IReadOnlyList<SealedTelemetry> ReadTelemetry(TwinId twin)
    {
        Dictionary<string, long> oldest = new(StringComparer.Ordinal);
        foreach (HistoryFileReader file in NewestFirst())
        {
            file.AddTelemetry(twin, oldest);
        }

        return [.. oldest.Select(telemetry => new SealedTelemetry(telemetry.Key, telemetry.Value))];
    }

    /// <summary>The readings of one telemetry in one partition that reach into a range, by their first time.</summary>
    public List<HistoryRow> ReadReadings(
        HistoryFile file, TwinId twin, string telemetry, long from, long to, long through) =>
        Open(file)?.ReadReadings(twin, telemetry, from, to, through) ?? [];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (HistoryFileReader reader in _open.Values)
        {
            reader.Dispose();
        }
    }

    private IEnumerable<HistoryFileReader> NewestFirst() =>
        files.All.Reverse().Select(Open).OfType<HistoryFileReader>();

    private HistoryFileReader? Open(HistoryFile file)
    {
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

        if (!files.All.Contains(file))
        {
            return null;
        }

        if (_open.Count >= MostOpen)
        {
            Close(_open.Keys.First());
        }

        try
        {
            _open.Add(file.Path, reader = new HistoryFileReader(database.At(file.Path)));
            return reader;
        }
        catch (SqliteException) when (files.Dropped != dropped)
        {
            // Dropped in between; what is there by now may have no tables yet.
            return null;
        }
    }

    private void Close(string path)
    {
        if (_open.Remove(path, out HistoryFileReader? reader))
        {
            reader.Dispose();
        }
    }
}
