using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Reads a whole store and tells what is damaged. The log's file is read at one moment, the partitions after it: what a
/// silo seals meanwhile lies beyond what that moment says is sealed. Blocks its thread.
/// </summary>
internal sealed class StoreVerifier(
    SqliteDatabase database,
    HistoryFiles files,
    long historyKeep,
    long now,
    StoreTally tally,
    Action<StoreDamage> found,
    CancellationToken cancellationToken) : IDisposable
{
    private const int CacheKib = 16_384;

    private readonly FoundDamage _damage = new(database.File, found);

    // As the names of the files have it.
    private readonly long _keep = HistoryFile.For("", historyKeep, now).Keep;
    private readonly List<HistoryFileVerifier> _files = [];

    /// <summary>Reads everything.</summary>
    /// <exception cref="TwinGridException">There is no database, or a newer TwinGrid made it.</exception>
    public void Read()
    {
        EnsureThere(database);
        tally.AddFile();
        if (WalFile.FindDamage(database.File) is { } log)
        {
            _damage.At(log.Path).OfFile(log.Problem, log.Remedy);
        }

        // Before the moment that is read: a silo that runs goes on.
        LastWritten.Note last = LastWritten.Read(database.File);
        using SqliteConnection connection = database.OpenToRead(CacheKib);
        using SqliteStatement begin = new(connection, "BEGIN");
        begin.Run();
        FileCheck.Run(connection, _damage, LogRow.WhatToDo);
        LogVerifier rows = new(connection, _damage, tally, cancellationToken);
        rows.ReadTurns();
        if (last.IsAheadOf(connection))
        {
            _damage.OfFile(
                "it is older than what was last written in its directory: an older state was put in its place, or its "
                + "log file (-wal) was damaged or taken away");
        }

        OpenFiles(rows.ReadFileNames());
        rows.ReadTwins(JudgeParts);
        ReadControlPlane();
    }

    /// <summary>Refuses where there is no database.</summary>
    public static void EnsureThere(SqliteDatabase database)
    {
        if (!File.Exists(database.File))
        {
            throw new TwinGridException(
                $"There is no database {database.File}: name the TwinGrid:DataDirectory that the silo uses.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(static file => file.Dispose());

    private void OpenFiles(IReadOnlyList<string> names)
    {
        HashSet<string> noted = [.. names];
        HashSet<string> there = [.. files.All.Select(file => Path.GetFileName(file.Path))];
        foreach (string name in names.Where(name => !there.Contains(name)))
        {
            if (HistoryFile.Parse(Path.Combine(database.HistoryDirectory, name)) is { } file
                && file.Ends + file.Keep > now)
            {
                _damage.At(file.Path).OfFile("the history file is missing", HistoryFileVerifier.Remedy);
            }
        }

        foreach (HistoryFile file in files.All)
        {
            cancellationToken.ThrowIfCancellationRequested();
            OpenFile(file, noted.Contains(Path.GetFileName(file.Path)));
        }
    }

    private void OpenFile(HistoryFile file, bool isNoted)
    {
        FoundDamage damage = _damage.At(file.Path);
        try
        {
            HistoryFileVerifier verifier = new(database.At(file.Path), damage);
            if (!verifier.IsMade)
            {
                verifier.Dispose();
                damage.OfFile(
                    isNoted
                        ? "the history file is empty, and something was sealed there"
                        : "the history file is empty: making it never ended, and nothing was ever kept there",
                    isNoted ? HistoryFileVerifier.Remedy : HistoryFileVerifier.NothingLost);
                return;
            }

            _files.Add(verifier);
            tally.AddFile();
            verifier.Read(tally, cancellationToken);
        }
        catch (SqliteException) when (!File.Exists(file.Path))
        {
            // Dropped meanwhile by a silo that runs.
        }
        catch (SqliteException e)
        {
            damage.OfFile($"the history file cannot be read: {e.Message}", HistoryFileVerifier.Remedy);
        }
    }

    private void JudgeParts(SealedTwin twin, IReadOnlyDictionary<string, PartitionContents?> listed)
    {
        foreach (HistoryFileVerifier file in _files)
        {
            if (listed.TryGetValue(file.Name, out PartitionContents? contents) && contents is not null)
            {
                file.CountBlocks(twin, contents);
            }
        }

        List<(long First, long Last, long LastTime)> parts = [];
        _files.ForEach(file => file.AddParts(twin, parts));
        parts.Sort();
        SealedSpan span = new(_keep, now, (first, last) => Missing(twin.Twin, first, last));
        foreach ((long first, long last, long lastTime) in parts)
        {
            span.Add(first, last, lastTime);
        }

        span.End(twin);
    }

    private void Missing(TwinId twin, long first, long last) => _damage.At(database.HistoryDirectory).OfTwin(
        twin,
        first,
        $"the sealed turns up to revision {last} are in no history file that can be read",
        HistoryFileVerifier.Remedy);

    private void ReadControlPlane()
    {
        string path = Path.Combine(Path.GetDirectoryName(database.File)!, OrleansSqliteSchema.FileName);
        if (File.Exists(path))
        {
            tally.AddFile();
            FoundDamage damage = _damage.At(path);
            try
            {
                using SqliteConnection connection = database.At(path).OpenToRead(CacheKib);
                FileCheck.Run(connection, damage, LogRow.WhatToDo);
            }
            catch (SqliteException e) when (TableScan.IsDamage(e))
            {
                damage.OfFile(e.Message);
            }
        }
    }
}
