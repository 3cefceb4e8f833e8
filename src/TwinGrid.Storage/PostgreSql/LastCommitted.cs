using System.Buffers.Binary;
using Npgsql;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// How far the log went when this silo last committed, in a <see cref="NoteFile"/> on the silo's own disk: which store,
/// the incarnation, a twin and its revision. A log in which that twin is before that revision is an older backup.
/// Written after commits and never before, at most once a second; silos may share the file, for what each of them notes
/// is true. Belongs to whoever commits.
/// </summary>
internal sealed class LastCommitted : IDisposable
{
    private const string StoreSql = "SELECT store FROM store_identity";

    private const string NewestSql = """
        SELECT
            COALESCE((SELECT max(incarnation) FROM silo_incarnation), 0),
            COALESCE((
                SELECT GREATEST(u.erased_before - 1, (
                    SELECT t.revision FROM turn t WHERE t.twin_id = u.twin_id ORDER BY t.revision DESC LIMIT 1))
                FROM twin u WHERE u.twin_id = $1), 0)
        """;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly NoteFile _file;
    private readonly TimeProvider _clock;
    private (long High, long Low) _store;
    private long _incarnation;
    private long? _noted;

    private LastCommitted(NoteFile file, TimeProvider clock)
    {
        _file = file;
        _clock = clock;
    }

    /// <summary>True where the log is older than what is noted of it.</summary>
    public bool IsAhead { get; private set; }

    /// <summary>The last incarnation that is noted of the store; 0 for none.</summary>
    public long Incarnation { get; private set; }

    /// <summary>Opens the file and compares it with the store, before a new incarnation is opened.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    public static async Task<LastCommitted> OpenAsync(
        string path, NpgsqlConnection connection, TimeProvider clock, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        LastCommitted last = new(new NoteFile(path, numbers: 5), clock);
        try
        {
            await last.JudgeAsync(connection, cancellationToken).ConfigureAwait(false);
            return last;
        }
        catch
        {
            last.Dispose();
            throw;
        }
    }

    /// <summary>From now on a new incarnation writes.</summary>
    public void Open(long incarnation)
    {
        _incarnation = incarnation;
        Write(0, 0);
    }

    /// <summary>Turns were committed; the last of them is noted.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Note(List<TurnRow> rows)
    {
        if (rows.Count == 0 || (_noted is { } noted && _clock.GetElapsedTime(noted) < Interval))
        {
            return;
        }

        _noted = _clock.GetTimestamp();
        Write(rows[^1].Number, rows[^1].Turn.Revision);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Write(long twin, long revision) =>
        _file.Write(_store.High, _store.Low, _incarnation, twin, revision);

    private async Task JudgeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        byte[] store = ((Guid)(await PostgreSqlSchema.ReadAsync(connection, StoreSql, cancellationToken)
            .ConfigureAwait(false))!).ToByteArray();
        _store = (
            BinaryPrimitives.ReadInt64LittleEndian(store), BinaryPrimitives.ReadInt64LittleEndian(store.AsSpan(8)));
        if (_file.Read() is not [var high, var low, var incarnation, var twin, var revision] || (high, low) != _store)
        {
            return;
        }

        Incarnation = incarnation;
        NpgsqlCommand newest = new(NewestSql, connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = twin } },
        };
        await using (newest.ConfigureAwait(false))
        {
            NpgsqlDataReader row = await newest.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (row.ConfigureAwait(false))
            {
                await row.ReadAsync(cancellationToken).ConfigureAwait(false);
                IsAhead = incarnation > row.GetInt64(0) || revision > row.GetInt64(1);
            }
        }
    }
}
