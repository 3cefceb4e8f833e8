using System.Globalization;
using Npgsql;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// One life of a silo, as a row that each of its transactions locks FOR SHARE: whoever fences it waits for those under
/// way, and later ones find themselves fenced. Immutable, thread-safe.
/// </summary>
/// <param name="Number">Newer ones are greater; the database gives each number once.</param>
/// <param name="ApplicationName">What the server shows of its sessions: store, number, silo.</param>
internal sealed record Incarnation(long Number, string ApplicationName)
{
    /// <summary>The row's lock and check; no row says that this life is over.</summary>
    private const string LockSql = "SELECT 1 FROM silo_incarnation WHERE incarnation = $1 AND NOT fenced FOR SHARE";

    /// <summary>The lock, for a transaction's second statement.</summary>
    public NpgsqlBatchCommand LockCommand() => new(LockSql)
    {
        Parameters = { new NpgsqlParameter<long> { TypedValue = Number } },
    };

    /// <summary>Locks the row in the transaction under way; false when this life is over.</summary>
    public async Task<bool> LockAsync(NpgsqlConnection connection)
    {
        NpgsqlCommand command = Command(connection, LockSql, Number);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is not null;
        }
    }

    /// <summary>What the names of an incarnation's sessions begin with.</summary>
    /// <param name="store">
    /// The number of the table of versions: it tells stores of one database apart, and numbers begin anew in each.
    /// </param>
    /// <param name="number">The incarnation's.</param>
    public static string SessionPrefix(object? store, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"twingrid {store}.{number} ");

    /// <summary>The name of an incarnation's sessions.</summary>
    public static string SessionName(object? store, long number, string silo)
    {
        // The server keeps 63 bytes of it and no others than of ASCII; what is compared with it must be the same.
        IEnumerable<char> ascii = (SessionPrefix(store, number) + silo)
            .Select(static c => char.IsAscii(c) && !char.IsControl(c) ? c : '_');
        return new string([.. ascii.Take(63)]);
    }

    /// <summary>A statement of ours.</summary>
    public static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
#pragma warning disable CA2100 // Only our own constants come here.
        NpgsqlCommand command = new(sql, connection);
#pragma warning restore CA2100
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
