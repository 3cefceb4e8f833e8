using TwinGrid.Twins.Fencing;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>
/// Who waits to read a twin while a turn of it is being committed. Runs on the activation's scheduler.
/// </summary>
internal sealed class CommittedReaders(TwinState state, SiloLease lease, TimeProvider clock)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly List<Reader> _waiting = [];
    private bool _isSlow;

    /// <summary>
    /// Reads after the commit under way, or after a second as it is, which the reader is told; those that come after
    /// that second do not wait.
    /// </summary>
    public async Task<T> WaitAsync<T>(Func<TwinState, bool, T> read)
    {
        if (_isSlow)
        {
            return read(state, false);
        }

        Reader<T> reader = new(read);
        _waiting.Add(reader);
        await using ITimer patience = clock.CreateTimer(
            static reader => ((Reader)reader!).GiveUp(), reader, s_patience, Timeout.InfiniteTimeSpan);
        if (await reader.IsAnswered)
        {
            return lease.IsHeld || await lease.ConfirmAsync() ? reader.Answer : read(state, false);
        }

        _isSlow = _waiting.Remove(reader);
        return read(state, false);
    }

    /// <summary>Lets everybody read who waits; the commit has ended and the next turn has not begun.</summary>
    public void Answer(bool committed)
    {
        _isSlow = false;
        Reader[] readers = [.. _waiting];
        _waiting.Clear();
        foreach (Reader reader in readers)
        {
            reader.Read(state, committed);
        }
    }

    private abstract class Reader
    {
        // The call goes on in its own time, not inside the turn.
        protected TaskCompletionSource<bool> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends with false when its patience ended first, which may be on any thread.</summary>
        public Task<bool> IsAnswered => End.Task;

        public abstract void Read(TwinState state, bool committed);

        public void GiveUp() => End.TrySetResult(false);
    }

    private sealed class Reader<T>(Func<TwinState, bool, T> read) : Reader
    {
        private T? _answer;

        public T Answer => _answer!;

        public override void Read(TwinState state, bool committed)
        {
            try
            {
                _answer = committed
                    ? read(state, true)
                    : throw new TwinGridUnavailableException(
                        $"the last turn of {state.Twin} was not committed and the twin is read again; ask again");
                End.TrySetResult(true);
            }
#pragma warning disable CA1031 // What goes wrong belongs to the one who waits.
            catch (Exception e)
#pragma warning restore CA1031
            {
                End.TrySetException(e);
            }
        }
    }
}
