using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <content>Verifying, on a connection of its own that only reads.</content>
internal sealed partial class PostgreSqlTwinStore
{
    /// <inheritdoc/>
    public IAsyncEnumerable<StoreDamage> VerifyAsync(StoreTally tally, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tally);
        return DamageStream.ReadAsync((found, stopping) => VerifyAsync(tally, found, stopping), cancellationToken);
    }

    private async Task VerifyAsync(StoreTally tally, Action<StoreDamage> found, CancellationToken stopping)
    {
        try
        {
            NpgsqlDataSource source = database.Connect("twingrid verify", pooled: false);
            await using (source.ConfigureAwait(false))
            {
                NpgsqlConnection connection = await OpenStore.ConnectAsync(source, clock, stopping)
                    .ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    RowVerifier rows = new(
                        connection,
                        database.Name,
                        limits.HistoryKeep.Microseconds,
                        UnixMicroseconds.Now(clock),
                        tally,
                        found);
                    await rows.ReadAsync(stopping).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw database.ExplainStart(e);
        }
    }
}
