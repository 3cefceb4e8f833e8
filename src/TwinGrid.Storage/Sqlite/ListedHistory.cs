using System.Collections.Immutable;
using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;

namespace TwinGrid.Storage.Sqlite;

/// <summary>A history file that may have something of a twin.</summary>
/// <param name="File">The file.</param>
/// <param name="Contents">What it has; null where that is not known.</param>
internal sealed record ListedFile(HistoryFile File, PartitionContents? Contents);

/// <summary>What the list says of where a twin's sealed history is, at one moment of the log.</summary>
/// <param name="Through">The twin is sealed up to this revision.</param>
/// <param name="IsComplete">False where an older TwinGrid sealed parts of it that are in no list.</param>
/// <param name="Files">The names of the files that have some of it, and what; null where that is not known.</param>
/// <param name="Complete">The names of the files of which everything is listed.</param>
/// <param name="Dropped">How many files had been dropped before that moment.</param>
internal sealed record ListedHistory(
    long Through,
    bool IsComplete,
    IReadOnlyDictionary<string, PartitionContents?> Files,
    IReadOnlySet<string> Complete,
    int Dropped)
{
    /// <summary>The files that have to be looked into, oldest first; also those that are missing.</summary>
    public IEnumerable<ListedFile> In(HistoryFiles files, string directory)
    {
        ImmutableArray<HistoryFile> all = files.All;
        IEnumerable<HistoryFile> lost = Files
            .Where(file => file.Value is not null && !all.Any(there => Path.GetFileName(there.Path) == file.Key))
            .Select(file => HistoryFile.Parse(Path.Combine(directory, file.Key)))
            .OfType<HistoryFile>();
        foreach (HistoryFile file in all.Concat(lost).OrderBy(file => file.Begins))
        {
            string name = Path.GetFileName(file.Path);
            if (Files.TryGetValue(name, out PartitionContents? contents))
            {
                yield return new ListedFile(file, contents);
            }
            else if (!IsComplete || !Complete.Contains(name))
            {
                yield return new ListedFile(file, null);
            }
        }
    }
}

/// <summary>Reads the list of what history files have, in the transaction under way. Belongs to one thread.</summary>
internal sealed class ListingReader : IDisposable
{
    private readonly SqliteStatement _twin;
    private readonly SqliteStatement _files;

    public ListingReader(SqliteConnection connection)
    {
        _twin = new(connection, """
            SELECT s.file, s.contents FROM sealed_in s
            JOIN history_file f ON f.name = s.file AND f.life = s.life WHERE s.twin_id = ?1
            """);
        _files = new(connection, "SELECT name FROM history_file WHERE life > 0");
    }

    /// <summary>What is listed of a twin.</summary>
    /// <exception cref="TwinGridException">It is damaged.</exception>
    public IReadOnlyDictionary<string, PartitionContents?> Read(TwinId twin, long number)
    {
        Dictionary<string, PartitionContents?> files = new(StringComparer.Ordinal);
        try
        {
            _twin.Bind(1, number);
            while (_twin.Step())
            {
                files[_twin.Text(0)] = _twin.IsNull(1) ? null : PartitionContents.Unpack(twin, _twin.Blob(1));
            }

            return files;
        }
        finally
        {
            _twin.Reset();
        }
    }

    /// <summary>The names of the files of which everything is listed.</summary>
    public IReadOnlySet<string> ReadComplete()
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        try
        {
            while (_files.Step())
            {
                names.Add(_files.Text(0));
            }

            return names;
        }
        finally
        {
            _files.Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _twin.Dispose();
        _files.Dispose();
    }
}
