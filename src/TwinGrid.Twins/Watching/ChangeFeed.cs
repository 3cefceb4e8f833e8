using System.Text.Json;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Watching;

/// <summary>
/// The newest changes of a twin that is watched, and who watches it: one document per turn, whatever the number of
/// watchers. A watcher takes what it has not seen, at its own pace; one that is too slow finds the oldest gone.
/// Runs on the activation's scheduler.
/// </summary>
internal sealed class ChangeFeed
{
    /// <summary>Changes that are kept; with more the oldest go.</summary>
    public const int MostChanges = 256;

    /// <summary>Characters of changes that are kept.</summary>
    public const int MostCharacters = 1 << 20;

    /// <summary>Characters of one answer, but for a single change that is larger.</summary>
    private const int MostAtOnce = MostCharacters / 4;

    // Longer than a watcher waits and its answer travels.
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(60);

    private readonly WatchBudget _budget;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, long> _watchers = new(StringComparer.Ordinal);
    private readonly Queue<TwinChange> _changes = new();
    private readonly TaskCompletionSource _end = NewNext();
    private TaskCompletionSource _next = NewNext();
    private JsonElement? _document;
    private long _characters;
    private long _lastSeen;

    /// <summary>Begins with the twin as it is, committed.</summary>
    public ChangeFeed(TwinState state, WatchBudget budget, TimeProvider clock)
    {
        _budget = budget;
        _clock = clock;
        _document = TwinDocument.Of(state);
        Revision = state.Revision;
        Token = Guid.CreateVersion7(clock.GetUtcNow()).ToString("N");
    }

    /// <summary>Names it: no other feed of the twin has this name.</summary>
    public string Token { get; }

    /// <summary>The newest revision that it tells of.</summary>
    public long Revision { get; private set; }

    /// <summary>True when nobody has asked for so long that nobody watches any more.</summary>
    public bool IsAbandoned => _clock.GetElapsedTime(_lastSeen) > s_lease;

    /// <summary>True when it ended: what it says of changes is worth nothing any more.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>True for a watcher that has a place.</summary>
    public bool Knows(string watcher) => _watchers.ContainsKey(watcher);

    /// <summary>Gives a watcher a place, or lets it keep the one that it has.</summary>
    public WatchRefusal Enter(string watcher)
    {
        long now = _clock.GetTimestamp();
        if (!_watchers.ContainsKey(watcher))
        {
            if (_watchers.Count >= _budget.MostOfTwin)
            {
                Forget(now);
            }

            if (_watchers.Count >= _budget.MostOfTwin)
            {
                return WatchRefusal.TooManyOfTwin;
            }

            if (!_budget.TryEnter())
            {
                return WatchRefusal.TooMany;
            }
        }

        _watchers[watcher] = _lastSeen = now;
        return WatchRefusal.None;
    }

    /// <summary>A watcher goes.</summary>
    /// <returns>True when it was the last.</returns>
    public bool Leave(string watcher)
    {
        if (_watchers.Remove(watcher))
        {
            _budget.Exit(1);
        }

        return _watchers.Count == 0;
    }

    /// <summary>
    /// Frees the places of those who went without a word, also where nothing happens to the twin. Ends when nobody is
    /// left, or with the feed.
    /// </summary>
    public async Task ForgetVanishedAsync()
    {
        do
        {
            await _end.Task.WaitAsync(s_lease, _clock).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            Forget(_clock.GetTimestamp());
        }
        while (_watchers.Count > 0);
    }

    /// <summary>A turn was committed.</summary>
    public void Add(TwinState state)
    {
        JsonElement? before = _document;
        _document = TwinDocument.Of(state);
        TwinChange change = TwinDocument.Change(state.Revision, before, _document);
        Revision = state.Revision;
        _changes.Enqueue(change);
        Count(Size(change));
        while (_changes.Count > 1
            && (_changes.Count > MostChanges || _characters > MostCharacters || _budget.IsOver))
        {
            Count(-Size(_changes.Dequeue()));
        }

        TaskCompletionSource next = _next;
        _next = NewNext();
        next.SetResult();
    }

    /// <summary>Ends with the next change, after a time, or when the feed or the silo ends.</summary>
    public async Task NextAsync(TimeSpan wait) =>
        await _next.Task.WaitAsync(wait, _clock, _budget.Stopping).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    /// <summary>True when it has every change after a revision.</summary>
    public bool Holds(long after) => after == Revision
        || (_changes.TryPeek(out TwinChange? oldest) && after >= oldest.Revision - 1 && after < Revision);

    /// <summary>The changes after a revision that it <see cref="Holds"/>, as many as go into one answer.</summary>
    public List<TwinChange> After(long revision)
    {
        List<TwinChange> taken = [];
        long characters = 0;
        foreach (TwinChange change in _changes)
        {
            if (change.Revision <= revision)
            {
                continue;
            }

            characters += Size(change);
            if (taken.Count > 0 && characters > MostAtOnce)
            {
                break;
            }

            taken.Add(change);
        }

        return taken;
    }

    /// <summary>The twin as it is.</summary>
    public TwinChange Now() => _document is { } document
        ? TwinDocument.Snapshot(Revision, document)
        : new TwinChange { Kind = TwinChangeKind.Deleted, Revision = Revision };

    /// <summary>Nobody watches, or the activation goes: whoever waits asks anew.</summary>
    public void Close()
    {
        IsClosed = true;
        _budget.Exit(_watchers.Count);
        _watchers.Clear();
        Count(-_characters);
        _changes.Clear();
        _next.TrySetResult();
        _end.TrySetResult();
    }

    private static TaskCompletionSource NewNext() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static long Size(TwinChange change) => change.Document.Text?.Length ?? 0;

    private void Count(long characters)
    {
        _characters += characters;
        _budget.Add(characters * sizeof(char));
    }

    // Those who went without a word.
    private void Forget(long now)
    {
        foreach ((string watcher, long seen) in _watchers.ToArray())
        {
            if (_clock.GetElapsedTime(seen, now) > s_lease)
            {
                Leave(watcher);
            }
        }
    }
}
