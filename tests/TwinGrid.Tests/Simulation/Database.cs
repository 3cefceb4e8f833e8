namespace TwinGrid.Tests.Simulation;

/// <summary>How the disk and the way to the database are.</summary>
internal enum StoreWeather
{
    Fine,
    Slow,
    Full,
    Faulty,
}

/// <summary>
/// A database with the semantics of the SQLite and PostgreSQL stores: one transaction at a time, a turn commits only
/// when its revision follows its twin's head and its silo was not declared dead, and what is not synced is lost with
/// the power, whole: a torn record has no valid checksum.
/// </summary>
internal sealed class Database(World world, SimulationCounts counts)
{
    private readonly Queue<Transaction> _waiting = new();
    private readonly SortedDictionary<TwinId, TwinRows> _twins = [];
    private readonly HashSet<int> _dead = [];
    private Transaction? _current;

    /// <summary>How the disk is.</summary>
    public StoreWeather Weather { get; set; }

    /// <summary>Every committed turn with who committed it, in order of commits.</summary>
    public List<(TwinTurn Turn, int Incarnation, bool WasDead)> Commits { get; } = [];

    /// <summary>False for the mutant: whatever comes is written.</summary>
    public bool Fences { get; set; } = true;

    public IEnumerable<TwinId> Twins => _twins.Keys;

    public TwinRows Rows(TwinId twin)
    {
        if (!_twins.TryGetValue(twin, out TwinRows? rows))
        {
            _twins.Add(twin, rows = new TwinRows());
        }

        return rows;
    }

    /// <summary>The cluster has decided that a silo is dead: nothing of it may be committed from now on.</summary>
    public void DeclareDead(int incarnation) => _dead.Add(incarnation);

    /// <summary>Reads a twin as it is at some moment between question and answer.</summary>
    public Task<StoredTwin> LoadAsync(TwinId twin)
    {
        TaskCompletionSource<StoredTwin> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        world.After(Latency(), () =>
        {
            if (Weather == StoreWeather.Faulty && world.Happens(0.3))
            {
                counts.LoadErrors++;
                Exception error = world.Happens(0.5)
                    ? new IOException("the connection is gone")
                    : new TwinGridUnavailableException("the database does not answer now");
                world.After(Latency(), () => answer.TrySetException(error));
                return;
            }

            StoredTwin stored = Rows(twin).Read();
            world.After(Latency(), () => answer.TrySetResult(stored));
        });
        return answer.Task;
    }

    /// <summary>Commits a group; the answer may be lost, late or an error whatever becomes of it.</summary>
    public Task<IReadOnlyList<CommitOutcome>> CommitAsync(
        int incarnation, IReadOnlyList<TwinTurn> turns, IReadOnlyList<StoredSnapshot> snapshots)
    {
        Transaction transaction = new(incarnation, [.. turns], [.. snapshots]);
        world.After(Latency(), () => Arrive(transaction));
        return transaction.Answer.Task;
    }

    /// <summary>A silo died: what it sent may still be on its way, or not.</summary>
    public void Disconnect(int incarnation)
    {
        foreach (Transaction transaction in _waiting)
        {
            transaction.IsLost |= transaction.Incarnation == incarnation && world.Happens(0.5);
        }

        if (_current is { } current && current.Incarnation == incarnation && world.Happens(0.3))
        {
            Lose(current);
        }
    }

    /// <summary>The power goes, or the database is killed: what is not synced may be lost.</summary>
    public void LosePower()
    {
        while (_waiting.TryDequeue(out Transaction? transaction))
        {
            Lose(transaction);
        }

        if (_current is not { } current)
        {
            return;
        }

        if (world.Happens(0.4))
        {
            // Its last block reached the disk before the power went; nobody was told.
            Write(current);
            current.IsLost = true;
            current.Fail();
        }
        else
        {
            counts.LostWrites++;
            counts.TornTails += world.Happens(0.5) ? 1 : 0;
            Lose(current);
        }

        _current = null;
    }

    private void Arrive(Transaction transaction)
    {
        if (transaction.IsLost)
        {
            return;
        }

        if (Weather == StoreWeather.Full || (Weather == StoreWeather.Faulty && world.Happens(0.25)))
        {
            counts.ErrorsBeforeCommit++;
            if (world.Happens(0.5))
            {
                Lose(transaction);
                return;
            }

            // As our own stores do: they know that nothing of it was kept, and say so.
            counts.NotKept++;
            transaction.IsLost = true;
            world.After(Latency(), transaction.Refuse);
            return;
        }

        _waiting.Enqueue(transaction);
        BeginNext();
    }

    private void BeginNext()
    {
        while (_current is null && _waiting.TryDequeue(out Transaction? next))
        {
            if (next.IsLost)
            {
                continue;
            }

            _current = next;
            Judge(next);
            if (Weather == StoreWeather.Faulty && world.Happens(0.15))
            {
                // Its client gives up while it goes on: it will be committed behind the client's back.
                counts.OrphanedCommits++;
                next.Fail();
            }

            world.After(Latency(), () => Sync(next));
        }
    }

    private void Judge(Transaction transaction)
    {
        // As with a lock on the silo's row: who is declared dead from here on is so after this transaction.
        transaction.IsOfTheDead = _dead.Contains(transaction.Incarnation);
        counts.ZombieAttempts += transaction.IsOfTheDead ? 1 : 0;
        Dictionary<TwinId, long> heads = [];
        for (int i = 0; i < transaction.Turns.Length; i++)
        {
            TwinTurn turn = transaction.Turns[i];
            long head = heads.TryGetValue(turn.Twin, out long known) ? known : Rows(turn.Twin).Head;
            bool fits = head >= 0 && turn.Revision == head + 1 && !transaction.IsOfTheDead;
            transaction.Outcomes[i] = fits || !Fences ? CommitOutcome.Committed : CommitOutcome.Fenced;
            counts.Fenced += transaction.Outcomes[i] == CommitOutcome.Fenced ? 1 : 0;
            heads[turn.Twin] = transaction.Outcomes[i] == CommitOutcome.Committed ? turn.Revision : -1;
        }
    }

    private void Sync(Transaction transaction)
    {
        if (transaction != _current)
        {
            return;
        }

        if (!transaction.IsLost)
        {
            Write(transaction);
            if (Weather == StoreWeather.Faulty && world.Happens(0.15))
            {
                counts.ErrorsAfterCommit++;
                world.After(Latency(), transaction.Fail);
            }
            else
            {
                world.After(Latency(), () => transaction.Answer.TrySetResult(transaction.Outcomes));
            }
        }

        _current = null;
        BeginNext();
    }

    private void Write(Transaction transaction)
    {
        HashSet<TwinId> fenced = [];
        for (int i = 0; i < transaction.Turns.Length; i++)
        {
            if (transaction.Outcomes[i] == CommitOutcome.Committed)
            {
                Rows(transaction.Turns[i].Twin).Append(transaction.Turns[i]);
                Commits.Add((transaction.Turns[i], transaction.Incarnation, transaction.IsOfTheDead));
            }
            else
            {
                fenced.Add(transaction.Turns[i].Twin);
            }
        }

        foreach (StoredSnapshot snapshot in transaction.Snapshots)
        {
            counts.Snapshots += !fenced.Contains(snapshot.Twin) && Rows(snapshot.Twin).Save(snapshot) ? 1 : 0;
        }
    }

    private void Lose(Transaction transaction)
    {
        transaction.IsLost = true;
        world.After(Latency(), transaction.Fail);
    }

    private TimeSpan Latency() => Weather == StoreWeather.Slow && world.Happens(0.3)
        ? world.Between(50, 3_000)
        : world.Between(0, 4);

    private sealed class Transaction(int incarnation, TwinTurn[] turns, StoredSnapshot[] snapshots)
    {
        public int Incarnation => incarnation;

        public TwinTurn[] Turns => turns;

        public StoredSnapshot[] Snapshots => snapshots;

        public CommitOutcome[] Outcomes { get; } = new CommitOutcome[turns.Length];

        public bool IsLost { get; set; }

        public bool IsOfTheDead { get; set; }

        public TaskCompletionSource<IReadOnlyList<CommitOutcome>> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Refuse() => Answer.TrySetException(new TwinGridNotCommittedException("nothing was kept"));

        public void Fail() => Answer.TrySetException(new IOException("the database does not answer"));
    }
}

/// <summary>What is on the disk of one twin.</summary>
internal sealed class TwinRows
{
    /// <summary>The turns, oldest first.</summary>
    public List<TwinTurn> Turns { get; } = [];

    public StoredSnapshot? Snapshot { get; private set; }

    /// <summary>The newest revision; 0 before the first.</summary>
    public long Head => Turns.Count == 0 ? 0 : Turns[^1].Revision;

    public StoredTwin Read() => new(
        Snapshot, [.. Turns.Where(turn => turn.Revision > (Snapshot?.Revision ?? 0))]);

    public void Append(TwinTurn turn) => Turns.Add(turn);

    public bool Save(StoredSnapshot snapshot)
    {
        if (snapshot.Revision > Head || snapshot.Revision <= (Snapshot?.Revision ?? 0))
        {
            return false;
        }

        Snapshot = snapshot;
        return true;
    }
}
