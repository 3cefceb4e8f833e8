namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Loads twins. A few are read at once, each by itself; those that wait meanwhile share a round trip, so that a fleet
/// that comes at once, new or after a restart, does not cost a question for each twin. Thread-safe.
/// </summary>
internal sealed class TwinLoading(OpenStore store)
{
    /// <summary>Questions at once; of the connections for reading some are left to whoever asks for history.</summary>
    private const int MostAtOnce = 4;

    /// <summary>Twins of one question: more gain nothing, and their tails are in memory together.</summary>
    private const int MostTogether = 64;

    private readonly Lock _lock = new();
    private readonly Queue<Wanted> _waiting = new();
    private int _running;

    /// <summary>Reads a twin's newest snapshot and the turns after it.</summary>
    /// <exception cref="TwinGridException">It cannot be read: damage, or a server that is away for long.</exception>
    public Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken)
    {
        Wanted wanted = new(twin);
        bool starts;
        lock (_lock)
        {
            _waiting.Enqueue(wanted);
            starts = _running < MostAtOnce;
            _running += starts ? 1 : 0;
        }

        if (starts)
        {
            _ = RunAsync();
        }

        return wanted.Answer.Task.WaitAsync(cancellationToken);
    }

    // Never fails: whoever waits is told.
    private async Task RunAsync()
    {
        while (TakeNext() is { } some)
        {
            try
            {
                await LoadAsync(some).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Whatever failed, it is theirs who wait, and the next are still to be read.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Array.ForEach(some, wanted => wanted.Answer.TrySetException(e));
            }
        }
    }

    private Wanted[]? TakeNext()
    {
        lock (_lock)
        {
            int many = Math.Min(_waiting.Count, MostTogether);
            if (many == 0)
            {
                _running--;
                return null;
            }

            Wanted[] some = new Wanted[many];
            for (int i = 0; i < many; i++)
            {
                some[i] = _waiting.Dequeue();
            }

            return some;
        }
    }

    private async Task LoadAsync(Wanted[] some)
    {
        if (some.Length > 1 && await TryLoadTogetherAsync(some).ConfigureAwait(false))
        {
            return;
        }

        foreach (Wanted wanted in some)
        {
            await LoadAloneAsync(wanted).ConfigureAwait(false);
        }
    }

    private async Task<bool> TryLoadTogetherAsync(Wanted[] some)
    {
        StoredTwin[] stored;
        try
        {
            TwinId[] twins = Array.ConvertAll(some, static wanted => wanted.Twin);
            stored = await store.ReadAsync(
                (connection, _) => TwinReading.LoadAsync(connection, twins), CancellationToken.None)
                .ConfigureAwait(false);
        }
        catch (TwinGridException e) when (e is not TwinGridUnavailableException)
        {
            // One of them is damaged: the others are read without it.
            return false;
        }

        for (int i = 0; i < some.Length; i++)
        {
            some[i].Answer.TrySetResult(stored[i]);
        }

        return true;
    }

    private async Task LoadAloneAsync(Wanted wanted)
    {
        try
        {
            wanted.Answer.TrySetResult(await store.ReadAsync(
                (connection, stop) => TwinReading.LoadAsync(connection, wanted.Twin, stop), CancellationToken.None)
                .ConfigureAwait(false));
        }
#pragma warning disable CA1031 // It is told to whoever waits for this twin, and the next one is read.
        catch (Exception e)
#pragma warning restore CA1031
        {
            wanted.Answer.TrySetException(e);
        }
    }

    private sealed class Wanted(TwinId twin)
    {
        public TwinId Twin => twin;

        public TaskCompletionSource<StoredTwin> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
