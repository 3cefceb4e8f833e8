using Microsoft.Data.Sqlite;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <content>
/// Verifying, on a thread of its own; and reading without writing. The connections of both only read.
/// </content>
internal sealed partial class SqliteTwinStore
{
    /// <inheritdoc/>
    public Task OpenToReadAsync(CancellationToken cancellationToken)
    {
        StoreVerifier.EnsureThere(_database);
        return Task.Run(
            () =>
            {
                try
                {
                    using SqliteConnection connection = _database.OpenToRead(cacheKib: 64);
                    SqliteSchema.EnsureReadable(connection);
                }
                catch (SqliteException e)
                {
                    throw _database.Explain(e);
                }
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoreDamage> VerifyAsync(StoreTally tally, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tally);
        return DamageStream.ReadAsync((found, stopping) => Verify(tally, found, stopping), cancellationToken);
    }

    private Task Verify(StoreTally tally, Action<StoreDamage> found, CancellationToken stopping)
    {
        try
        {
            using StoreVerifier verifier = new(
                _database,
                new HistoryFiles(_database.HistoryDirectory),
                _limits.HistoryKeep.Microseconds,
                UnixMicroseconds.Now(_clock),
                tally,
                found,
                stopping);
            verifier.Read();
            return Task.CompletedTask;
        }
        catch (SqliteException e)
        {
            throw _database.Explain(e);
        }
    }
}
