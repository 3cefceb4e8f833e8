using System.Collections.Concurrent;

namespace TwinGrid.Storage.PostgreSql;

/// <summary>
/// Loads twins in groups: a group is what was asked for while the last ones were being read, so a lone question waits
/// for nobody and thousands, after a start or when new devices come, share round trips. Thread-safe.
/// </summary>
/// <remarks>
/// 50,000 twins that come for the first time: 2,000/s with a question for each, FIGURE/s in groups (2 cores with the
/// server and the load on them).
/// </remarks>
/// <param name="read">Reads a group.</param>
internal sealed class LoadGroups(Func<TwinId[], Task<LoadedTwin[]>> read)
{
    /// <summary>Twins of one group at most: each may bring up to 256 turns.</summary>
    private const int MostTwins = 64;

    /// <summary>Groups at once.</summary>
    private const int MostGroups = 2;

    private readonly ConcurrentQueue<Question> _waiting = new();
    private int _groups;

    /// <summary>Loads a twin.</summary>
    /// <exception cref="TwinGridException">A row is damaged or missing, or the server does not answer.</exception>
    public Task<StoredTwin> LoadAsync(TwinId twin, CancellationToken cancellationToken)
    {
        Question question = new(twin);
        _waiting.Enqueue(question);
        if (TryBegin())
        {
            _ = RunAsync();
        }

        return question.Answer.Task.WaitAsync(cancellationToken);
    }

    private bool TryBegin()
    {
        int groups = Volatile.Read(ref _groups);
        while (groups < MostGroups)
        {
            int seen = Interlocked.CompareExchange(ref _groups, groups + 1, groups);
            if (seen == groups)
            {
                return true;
            }

            groups = seen;
        }

        return false;
    }

    // Whoever asks while the last group ends finds no place, so it is looked again after the place is free.
    private async Task RunAsync()
    {
        do
        {
            List<Question> group = [];
            while (Take(group))
            {
                await AnswerAsync(group).ConfigureAwait(false);
            }

            Interlocked.Decrement(ref _groups);
        }
        while (!_waiting.IsEmpty && TryBegin());
    }

    private bool Take(List<Question> group)
    {
        group.Clear();
        while (group.Count < MostTwins && _waiting.TryDequeue(out Question? question))
        {
            group.Add(question);
        }

        return group.Count > 0;
    }

    private async Task AnswerAsync(List<Question> group)
    {
        try
        {
            LoadedTwin[] loaded = await read([.. group.Select(static question => question.Twin)]).ConfigureAwait(false);
            for (int i = 0; i < loaded.Length; i++)
            {
                Answer(group[i], loaded[i]);
            }
        }
#pragma warning disable CA1031 // Whatever failed belongs to those who wait.
        catch (Exception e)
#pragma warning restore CA1031
        {
            group.ForEach(question => question.Answer.TrySetException(e));
        }
    }

    private static void Answer(Question question, LoadedTwin loaded)
    {
        try
        {
            question.Answer.SetResult(loaded.Result());
        }
        catch (TwinGridException e)
        {
            question.Answer.SetException(e);
        }
    }

    private sealed record Question(TwinId Twin)
    {
        // Those who wait go on elsewhere: the group's thread has others to answer.
        public TaskCompletionSource<StoredTwin> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
