using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// The one connection that prolongs the lease, so that it waits for nothing else that the store has to do. Thread-safe;
/// one caller at a time is served.
/// </summary>
internal sealed class LeaseSession(PostgreSqlDatabase database, Incarnation incarnation, bool synchronous)
    : IAsyncDisposable
{
    /// <summary>Whoever gives up a question does not wait until the server has given it up too.</summary>
    private const int BreakAtOnce = -1;

    // Whoever fences this life waits for the row's lock, and so for this: after it no lease is prolonged.
    private const string RenewSql = """
        INSERT INTO silo_lease (incarnation, renewed_at, lease_until)
        SELECT incarnation, clock_timestamp(), clock_timestamp() + $2 FROM silo_incarnation
        WHERE incarnation = $1 AND NOT fenced FOR SHARE
        ON CONFLICT (incarnation) DO UPDATE SET renewed_at = excluded.renewed_at, lease_until = excluded.lease_until
        RETURNING 1
        """;

    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(
            database.ConnectionString(incarnation.ApplicationName, pooled: false, synchronous))
        {
            CancellationTimeout = BreakAtOnce,
        });

    private readonly SemaphoreSlim _turnstile = new(1);
    private NpgsqlConnection? _connection;
    private bool _closed;

    /// <summary>Prolongs it.</summary>
    /// <exception cref="TwinGridUnavailableException">The server does not answer.</exception>
    public async Task<StoreLease> RenewAsync(TimeSpan length, CancellationToken cancellationToken)
    {
        await _turnstile.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_closed)
            {
                throw PostgreSqlTwinStore.Closed();
            }

            bool isOld = _connection is not null;
            try
            {
                return await AskAsync(length, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (isOld && PostgreSqlDatabase.MayPass(e))
            {
                // A session that was ended says nothing of the server, nor why: another one will tell.
                return await AskAsync(length, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException and not ObjectDisposedException)
        {
            throw database.Explain(e);
        }
        finally
        {
            _turnstile.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _turnstile.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _closed = true;
        await ForgetAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
        _turnstile.Release();
    }

    private async Task<StoreLease> AskAsync(TimeSpan length, CancellationToken cancellationToken)
    {
        try
        {
            _connection ??= await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            NpgsqlCommand renew = Incarnation.Command(_connection, RenewSql, incarnation.Number, length);
            await using (renew.ConfigureAwait(false))
            {
                return await renew.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is null
                    ? StoreLease.Fenced
                    : StoreLease.Held;
            }
        }
        catch
        {
            await ForgetAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task ForgetAsync()
    {
        if (_connection is { } lost)
        {
            _connection = null;
            await lost.DisposeAsync().ConfigureAwait(false);
        }
    }
}
