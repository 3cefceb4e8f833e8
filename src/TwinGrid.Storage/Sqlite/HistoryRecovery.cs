using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Brings history files back into order after a crash: what stands in a write-ahead log goes into its file, where
/// otherwise nobody would put it, because only readers open the file; a file whose making never ended gets its tables.
/// </summary>
internal static partial class HistoryRecovery
{
    private const int CacheKib = 1_024;

    /// <summary>Goes through the files; one that cannot be brought into order is told and left.</summary>
    /// <exception cref="TwinGridException">
    /// The disk failed to keep one: what its log has may be gone, and nothing may be written behind it.
    /// </exception>
    public static int Run(SqliteDatabase database, HistoryFiles files, ILogger logger)
    {
        int recovered = 0;
        foreach (HistoryFile file in files.All)
        {
            string log = file.Path + "-wal";
            try
            {
                bool hasLog = File.Exists(log) && new FileInfo(log).Length > 0;
                if (!hasLog && new FileInfo(file.Path).Length > 0)
                {
                    continue;
                }

                KeepDamaged(file, logger);
                using SqliteConnection connection = database.At(file.Path).Open(CacheKib);
                HistoryFileSchema.Ensure(connection);
                using SqliteStatement checkpoint = new(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
                checkpoint.Run();
                recovered++;
            }
            catch (SqliteException e) when (database.At(file.Path).NoteIfBroken(e, logger) is { } broken)
            {
                throw broken;
            }
            catch (Exception e) when (
                e is SqliteException or IOException or UnauthorizedAccessException or TwinGridException)
            {
                LogNotRecovered(logger, file.Path, e.Message);
            }
        }

        return recovered;
    }

    // SQLite cuts the log at the damage. What follows it may still be of use to somebody.
    private static void KeepDamaged(HistoryFile file, ILogger logger)
    {
        if (WalFile.FindDamage(file.Path) is { } damage)
        {
            string kept = damage.Path + ".damaged";
            File.Copy(damage.Path, kept, overwrite: true);
            LogDamaged(logger, damage.Path, damage.Offset, kept);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "History file {Path} was left as a crash left it ({Why}); it is tried again at the next start")]
    private static partial void LogNotRecovered(ILogger logger, string path, string why);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "The log {Path} of a history file is damaged after byte {Offset}; it was copied to {Kept}. Sealed "
            + "history that stood behind is gone, and questions that need it fail: put the files of a backup in their "
            + "place while the silo is stopped")]
    private static partial void LogDamaged(ILogger logger, string path, long offset, string kept);
}
