using System.Collections.Immutable;

namespace TwinGrid.Storage.Sqlite;

/// <summary>The partitions that there are: the files of the directory, oldest first. Thread-safe.</summary>
internal sealed class HistoryFiles(string directory)
{
    private readonly Lock _lock = new();
    private ImmutableArray<HistoryFile> _all;
    private int _dropped;

    /// <summary>All of them, by the time that they begin.</summary>
    public ImmutableArray<HistoryFile> All
    {
        get
        {
            lock (_lock)
            {
                return _all.IsDefault ? _all = List() : _all;
            }
        }
    }

    /// <summary>
    /// How many were dropped so far. Whoever keeps one open closes it when this has grown: a file of the same name may
    /// be another by now, and what is open is the one that is gone.
    /// </summary>
    public int Dropped => Volatile.Read(ref _dropped);

    /// <summary>The partition of a time; <see cref="Add"/> it when its file is there.</summary>
    public HistoryFile For(long keep, long time) => HistoryFile.For(directory, keep, time);

    /// <summary>A file was made.</summary>
    public void Add(HistoryFile file)
    {
        lock (_lock)
        {
            ImmutableArray<HistoryFile> all = _all.IsDefault ? List() : _all;
            _all = all.Contains(file) ? all : Sorted(all.Add(file));
        }
    }

    /// <summary>
    /// Deletes a file for good. Nobody opens it any more from then on; whoever has it open reads on from what is gone
    /// from the directory, until the next look at <see cref="Dropped"/>.
    /// </summary>
    public bool TryDelete(HistoryFile file)
    {
        lock (_lock)
        {
            _all = (_all.IsDefault ? List() : _all).Remove(file);
            Volatile.Write(ref _dropped, _dropped + 1);
        }

        try
        {
            // Its log first: a log without its database could be taken for that of a later file of the same name.
            File.Delete(file.Path + "-wal");
            File.Delete(file.Path + "-shm");
            File.Delete(file.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Add(file);
            return false;
        }

        return true;
    }

    private ImmutableArray<HistoryFile> List() => Directory.Exists(directory)
        ? Sorted(Directory.EnumerateFiles(directory, "*" + HistoryFile.Suffix)
            .Select(HistoryFile.Parse)
            .OfType<HistoryFile>())
        : [];

    private static ImmutableArray<HistoryFile> Sorted(IEnumerable<HistoryFile> files) =>
        [.. files.OrderBy(file => file.Begins).ThenBy(file => file.Path, StringComparer.Ordinal)];
}
