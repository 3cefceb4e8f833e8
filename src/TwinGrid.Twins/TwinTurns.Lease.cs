using TwinGrid.Twins.Committing;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <content>
/// What is answered from the state without a commit: only as long as no other silo can have taken over the twin.
/// </content>
internal sealed partial class TwinTurns
{
    /// <summary>
    /// Reads the state when all of it is committed: at once, or between the commit under way and the next turn, so
    /// that a busy twin does not starve its readers. Where the store is so slow that this takes over a second, or does
    /// not say whether the twin is still this silo's, the state is read as it is, and the reader is told that it is not
    /// durable.
    /// </summary>
    /// <param name="read">
    /// Makes a copy of what is asked for; is told whether it is durable, and asked again where it is not after all.
    /// </param>
    /// <exception cref="TwinGridUnavailableException">
    /// A commit failed, what is here may never have been, and the twin is read again; or the silo was taken for dead:
    /// ask again.
    /// </exception>
    public Task<T> ReadAsync<T>(Func<TwinState, bool, T> read)
    {
        if (_isLost)
        {
            return Task.FromException<T>(new TwinGridUnavailableException(
                $"a turn of {State.Twin} was not committed and the twin is read again; ask again"));
        }

        if (_isCommitting)
        {
            return (_readers ??= new CommittedReaders(State, _runtime.Lease, _runtime.Clock)).WaitAsync(read);
        }

        T seen = read(State, true);
        return _runtime.Lease.IsHeld ? Task.FromResult(seen) : ConfirmAsync(seen, read);
    }

    // Where the twin is still this silo's now, nobody changed it elsewhere since it was read.
    private async Task<T> ConfirmAsync<T>(T seen, Func<TwinState, bool, T> read) =>
        await _runtime.Lease.ConfirmAsync() ? seen : read(State, false);

    /// <summary>
    /// Ends a turn that changed nothing, which says what the state was: where that may be old the turn ends like one
    /// that is committed, when the store has said that it is not.
    /// </summary>
    private void FinishUnchanged()
    {
        if (_runtime.Lease.IsHeld)
        {
            _queue.Finish(IngestStatus.Accepted, _revision);
            _inbox.Schedule();
            return;
        }

        _isCommitting = true;
        ConfirmTurnAsync().Ignore();
    }

    private async Task ConfirmTurnAsync() => OnFate(await IsOwnAsync() ? TurnFate.Committed : TurnFate.Fenced);

    /// <summary>Decides on a twin that does not exist here once it is known that it exists nowhere else.</summary>
    private async Task AdmitConfirmedAsync()
    {
        if (!await IsOwnAsync())
        {
            _queue.FinishAll(IngestStatus.Unavailable, _revision);
        }

        _isAdmitting = false;
        Drain();
    }

    private async Task<bool> IsOwnAsync()
    {
        try
        {
            await _runtime.Lease.HoldAsync();
            return true;
        }
        catch (TwinGridUnavailableException)
        {
            return false;
        }
    }
}
