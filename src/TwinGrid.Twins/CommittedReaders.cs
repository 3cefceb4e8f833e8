using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <summary>
/// Who waits to read a twin while a turn of it is being committed. Runs on the activation's scheduler.
/// </summary>
internal sealed class CommittedReaders(TwinState state, TimeProvider clock)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly List<Action<bool>> _waiting = [];
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

        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Action<bool> reader = committed => Answer(answer, read, committed);
        _waiting.Add(reader);
        try
        {
            return await answer.Task.WaitAsync(s_patience, clock);
        }
        catch (TimeoutException)
        {
            _waiting.Remove(reader);
            _isSlow = true;
            return read(state, false);
        }
    }

    /// <summary>Lets everybody read who waits; the commit has ended and the next turn has not begun.</summary>
    public void Answer(bool committed)
    {
        _isSlow = false;
        Action<bool>[] readers = [.. _waiting];
        _waiting.Clear();
        foreach (Action<bool> reader in readers)
        {
            reader(committed);
        }
    }

    private void Answer<T>(TaskCompletionSource<T> answer, Func<TwinState, bool, T> read, bool committed)
    {
        try
        {
            answer.TrySetResult(committed
                ? read(state, true)
                : throw new TwinGridUnavailableException(
                    $"the last turn of {state.Twin} was not committed and the twin is read again; ask again"));
        }
#pragma warning disable CA1031 // What goes wrong belongs to the one who waits.
        catch (Exception e)
#pragma warning restore CA1031
        {
            answer.TrySetException(e);
        }
    }
}
