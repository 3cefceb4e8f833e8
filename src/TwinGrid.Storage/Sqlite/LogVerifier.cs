using Microsoft.Data.Sqlite;
using TwinGrid.Storage.History;
using TwinGrid.Storage.Log;

namespace TwinGrid.Storage.Sqlite;

/// <summary>
/// Reads every row of the log's file at one moment: first the turns in the order of the log, with 40 bytes of memory
/// per twin, then what the twins' own rows say of them, then states and sessions.
/// </summary>
internal sealed class LogVerifier(
    SqliteConnection connection, FoundDamage damage, StoreTally tally, CancellationToken cancellationToken)
{
    private const string Turns = """
        SELECT t.turn_id, t.record, t.twin_id, t.revision, t.previous_turn_id, t.time, t.fold_version, t.crc, t.inputs,
            u.kind, u.key, u.erased_before
        FROM turn t LEFT JOIN twin u USING (twin_id) WHERE t.turn_id >= ?1 ORDER BY t.turn_id
        """;

    private const string Sessions =
        "SELECT client, record, expiry_seconds, ended_at, crc, state FROM session WHERE tenant = ?1";

    // The newest intact turn of each twin's number: its revision and row.
    private readonly Dictionary<long, (long Revision, long Row)> _newest = [];

    private static readonly Dictionary<string, PartitionContents?> NothingListed = [];

    private long _minor;

    /// <summary>Reads the turns; comes first.</summary>
    public void ReadTurns()
    {
        _minor = SqliteSchema.ReadMinor(connection);
        Scan("turn", Turns, ReadTurn);
    }

    /// <summary>Reads everything else.</summary>
    /// <param name="sealedTwin">Is told of each twin that has sealed turns, and what its files should have.</param>
    public void ReadTwins(Action<SealedTwin, IReadOnlyDictionary<string, PartitionContents?>> sealedTwin)
    {
        using ListingReader? listing = _minor >= SqliteSchema.MinorOfListing ? new(connection) : null;
        Scan("twin", TwinsSql(), row => ReadTwin(
            row, (twin, number) => sealedTwin(twin, ReadListing(listing, twin.Twin, number))));
        Scan("snapshot", StatesSql("snapshot"), row => ReadState(row, "snapshot"));
        if (_minor >= 1)
        {
            ReadSessions();
        }

        if (_minor >= 2)
        {
            Scan("sealed_state", StatesSql("sealed_state"), row => ReadState(row, "sealed state"));
        }
    }

    /// <summary>The names of the files that hold what is sealed; none where that was not noted yet.</summary>
    public IReadOnlyList<string> ReadFileNames()
    {
        List<string> names = [];
        if (_minor >= 3)
        {
            using SqliteStatement statement = new(connection, "SELECT name FROM history_file ORDER BY name");
            while (statement.Step())
            {
                names.Add(statement.Text(0));
            }
        }

        return names;
    }

    private void Scan(string table, string sql, Action<SqliteStatement> read) => TableScan.Read(
        connection,
        sql,
        row =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            read(row);
        },
        (first, last, e) => damage.OfFile(FileCheck.Unreadable(table, first, last, e)));

    private void ReadTurn(SqliteStatement row)
    {
        byte[] inputs = row.Blob(8);
        tally.AddTurn(inputs.Length);
        long id = row.Int64(0);
        long number = row.Int64(2);
        if (Twin(row, 9) is not { } twin)
        {
            damage.OfFile($"row {id} of the table turn (revision {row.Int64(3)}) belongs to no twin");
            return;
        }

        TwinTurn turn = new()
        {
            Twin = twin,
            Revision = row.Int64(3),
            Time = row.Int64(5),
            FoldVersion = (byte)row.Int64(6),
            Inputs = inputs,
        };
        bool isIntact = damage.Check(turn, row.Int64(1), (uint)row.Int64(7));
        bool hasOlder = _newest.TryGetValue(number, out (long Revision, long Row) older);
        long follows = Math.Max(older.Revision, row.Int64(11) - 1);
        if (!isIntact && turn.Revision != follows + 1)
        {
            // What it says of its place is as doubtful as the rest of it.
            return;
        }

        if (hasOlder && turn.Revision <= older.Revision)
        {
            damage.OfTwin(twin, turn.Revision, $"the log has the turn again after revision {older.Revision}");
            return;
        }

        if (turn.Revision > follows + 1)
        {
            damage.MissingTurns(twin, follows + 1, turn.Revision - 1);
        }
        else if (isIntact && hasOlder && turn.Revision == older.Revision + 1 && row.Int64(4) != older.Row)
        {
            damage.OfTwin(twin, turn.Revision, "the turn does not point at the turn before it");
        }

        _newest[number] = (turn.Revision, id);
    }

    private string TwinsSql()
    {
        string sealing = _minor switch
        {
            < 2 => "0, 0, 0 FROM twin u",
            2 => "s.revision, s.revision + 1, s.sealed_at FROM twin u LEFT JOIN sealed s USING (twin_id)",
            _ => "s.revision, s.kept_from, s.sealed_at FROM twin u LEFT JOIN sealed s USING (twin_id)",
        };
        return $"""
            SELECT u.twin_id, u.kind, u.key, u.erased_before, u.snapshot_revision, h.revision, h.turn_id, p.revision,
                {sealing} LEFT JOIN head h USING (twin_id) LEFT JOIN snapshot p USING (twin_id)
            WHERE u.twin_id >= ?1 ORDER BY u.twin_id
            """;
    }

    private void ReadTwin(SqliteStatement row, Action<SealedTwin, long> sealedTwin)
    {
        tally.AddTwin();
        if (Twin(row, 1) is not { } twin)
        {
            damage.OfFile($"row {row.Int64(0)} of the table twin has no name of a twin: '{row.Text(1)}/{row.Text(2)}'");
            return;
        }

        if (row.IsNull(5))
        {
            damage.OfTwin(twin, 1, "the twin has no row in the table head");
            return;
        }

        JudgeHead(twin, row.Int64(0), row.Int64(3), row.Int64(5), row.Int64(6));
        long snapshot = row.Int64(4);
        if (snapshot > 0 && row.IsNull(7))
        {
            damage.OfTwin(twin, snapshot, "the snapshot is missing");
        }

        if (row.Int64(8) is > 0 and var sealedTo)
        {
            sealedTwin(new SealedTwin(twin, sealedTo, row.Int64(9), row.Int64(10)), row.Int64(0));
        }
    }

    private IReadOnlyDictionary<string, PartitionContents?> ReadListing(
        ListingReader? listing, TwinId twin, long number)
    {
        try
        {
            return listing?.Read(twin, number) ?? NothingListed;
        }
        catch (TwinGridException e)
        {
            damage.OfTwin(twin, 1, $"what its history files should have cannot be told: {e.Message}");
            return NothingListed;
        }
    }

    private void JudgeHead(TwinId twin, long number, long erasedBefore, long head, long headRow)
    {
        (long newest, long row) = _newest.GetValueOrDefault(number);
        long follows = Math.Max(newest, erasedBefore - 1);
        if (newest > head)
        {
            damage.OfTwin(twin, head + 1, $"the log goes on to revision {newest}, and the twin's head is before it");
        }
        else if (follows < head)
        {
            damage.MissingTurns(twin, follows + 1, head);
        }
        else if (newest == head && row != headRow && head >= erasedBefore)
        {
            damage.OfTwin(twin, head, "the twin's head points at another row than that of its newest turn");
        }
    }

    private static string StatesSql(string table) => $"""
        SELECT p.twin_id, p.record, p.revision, p.fold_version, p.next_due, p.crc, p.state, u.kind, u.key, h.revision
        FROM {table} p LEFT JOIN twin u USING (twin_id) LEFT JOIN head h USING (twin_id)
        WHERE p.twin_id >= ?1 ORDER BY p.twin_id
        """;

    private void ReadState(SqliteStatement row, string what)
    {
        byte[] state = row.Blob(6);
        tally.AddSnapshot(state.Length);
        if (Twin(row, 7) is not { } twin)
        {
            damage.OfFile($"a {what} (revision {row.Int64(2)}) belongs to no twin");
            return;
        }

        StoredSnapshot snapshot = new()
        {
            Twin = twin,
            Revision = row.Int64(2),
            FoldVersion = (byte)row.Int64(3),
            NextDue = row.NullableInt64(4),
            State = state,
        };
        if (damage.Check(what, snapshot, row.Int64(1), (uint)row.Int64(5)) && snapshot.Revision > row.Int64(9))
        {
            damage.OfTwin(twin, snapshot.Revision, $"the {what} is newer than the twin's log");
        }
    }

    private void ReadSessions()
    {
        try
        {
            using SqliteStatement row = new(connection, Sessions);
            row.Bind(1, TwinId.DefaultTenant);
            while (row.Step())
            {
                cancellationToken.ThrowIfCancellationRequested();
                StoredSession session = new()
                {
                    Client = row.Text(0),
                    ExpirySeconds = (uint)row.Int64(2),
                    EndedAt = row.NullableInt64(3),
                    State = row.Blob(5),
                };
                tally.AddSession(session.State.Length);
                if (StoredSessions.Damage(row.Int64(1), (uint)row.Int64(4), session) is { } fault)
                {
                    damage.Session(session.Client, fault);
                }
            }
        }
        catch (SqliteException e) when (TableScan.IsDamage(e))
        {
            damage.OfFile($"sessions cannot be read: {e.Message}");
        }
    }

    private static TwinId? Twin(SqliteStatement row, int column)
    {
        string kind = row.Text(column);
        string key = row.Text(column + 1);
        return TwinId.IsSegment(kind) && TwinId.IsSegment(key) ? new TwinId(kind, key) : null;
    }
}
