using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using TwinGrid.Twins.Committing;

namespace TwinGrid.Twins.Fencing;

/// <summary>
/// Whether this silo may answer for its twins. A silo that was taken for dead and wakes again still has the states of
/// twins that live elsewhere by now: what it reads there counts only while the store says that nobody can have taken
/// over. Thread-safe.
/// </summary>
/// <remarks>
/// A lease begins on this machine's monotonic clock at the moment before it was asked for, and whoever takes over waits
/// until it is over by the store's clock; so it is over here first. The clock goes on while the process is stopped.
/// It must be looked at after the state was read (Gray and Cheriton, Leases, 1989).
/// </remarks>
public sealed partial class SiloLease(
    ITwinStore store,
    CommitHealth commits,
    IOptions<TwinsHostingOptions> options,
    IFatalErrorHandler end,
    TimeProvider clock,
    ILogger<SiloLease> logger) : IAsyncDisposable
{
    private const int RenewalsInLease = 4;

    /// <summary>How long a reader waits for a store that neither answers nor fails in time.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _length = options.Value.Lease;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _renewing = Task.CompletedTask;
    private Task _question = Task.CompletedTask;
    private long _asked;
    private long _until;
    private long? _unanswered;
    private volatile bool _isAway;
    private volatile bool _isStopping;
    private volatile bool _isLost;

    /// <summary>True while nobody else can answer for this silo's twins.</summary>
    public bool IsHeld => !_isLost && clock.GetTimestamp() < Volatile.Read(ref _until);

    /// <summary>Asks for the first time, and from then on again and again.</summary>
    internal async Task StartAsync()
    {
        await AskAsync().ConfigureAwait(false);
        if (Volatile.Read(ref _until) != long.MaxValue)
        {
            _renewing = Task.Run(RenewAsync);
        }
    }

    /// <summary>Asks the store where the lease has lapsed.</summary>
    /// <returns>False where the store does not answer: what was read may be old.</returns>
    /// <exception cref="TwinGridUnavailableException">The silo's twins live elsewhere, or it stops.</exception>
    internal async ValueTask<bool> ConfirmAsync()
    {
        // What came of a question from before a long pause says nothing: the second is asked now.
        for (int asked = 0; asked < 2 && !IsHeld; asked++)
        {
            ThrowIfLost();
            if (IsUnanswered())
            {
                return false;
            }

            await AskAsync().WaitAsync(s_patience, clock).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        ThrowIfLost();
        return IsHeld;
    }

    /// <summary>Ends when the silo may answer; waits for a store that is away, unless the silo stops.</summary>
    /// <exception cref="TwinGridUnavailableException">The silo's twins live elsewhere, or it stops.</exception>
    internal async Task HoldAsync()
    {
        while (!await ConfirmAsync())
        {
            if (_isStopping)
            {
                throw new TwinGridUnavailableException("the silo stops and the store does not answer; ask again");
            }

            await Task.Delay(_length / RenewalsInLease, clock, _stopping.Token).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>The silo stops: from now on a store that is away is not waited for.</summary>
    internal void Stop() => _isStopping = true;

    /// <summary>The silo has stopped and answers no more: gives the lease back, so that nobody waits for it.</summary>
    internal async Task ReleaseAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (Interlocked.Exchange(ref _until, 0) is 0 or long.MaxValue || _isLost)
        {
            return;
        }

        try
        {
            using CancellationTokenSource late = new(s_patience, clock);
            await store.RenewLeaseAsync(TimeSpan.Zero, late.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TwinGridException or OperationCanceledException or ObjectDisposedException)
        {
            LogNotReleased(e.Message);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task StopAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
        }

        await _renewing.ConfigureAwait(false);
    }

    private async Task RenewAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            await AskAsync().ConfigureAwait(false);
            await Task.Delay(_length / RenewalsInLease, clock, _stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // True where a question of the time that a lease lasts was not answered: the store is away, not this process. A
    // commit that it has answered since says that it is back: who was acknowledged must not read "not durable".
    private bool IsUnanswered()
    {
        lock (_lock)
        {
            return _unanswered is { } asked && clock.GetElapsedTime(asked) < _length && !commits.HasTakenSince(asked);
        }
    }

    /// <summary>
    /// One question at a time: whoever comes meanwhile waits for its answer, unless that would be of no use any more.
    /// </summary>
    private Task AskAsync()
    {
        lock (_lock)
        {
            if (_question.IsCompleted || clock.GetElapsedTime(_asked) >= _length)
            {
                _asked = clock.GetTimestamp();
                _question = AskOnceAsync(_asked);
            }

            return _question;
        }
    }

    private async Task AskOnceAsync(long asked)
    {
        try
        {
            using CancellationTokenSource late = new(_length / 2, clock);
            StoreLease answer = await store.RenewLeaseAsync(_length, late.Token).ConfigureAwait(false);
            if (answer == StoreLease.Fenced)
            {
                Lose();
                return;
            }

            long until = answer == StoreLease.Endless
                ? long.MaxValue
                : asked + (long)(_length.TotalSeconds * clock.TimestampFrequency);
            lock (_lock)
            {
                _until = Math.Max(until, _until);
                _unanswered = null;
            }

            if (_isAway)
            {
                _isAway = false;
                LogBack();
            }
        }
#pragma warning disable CA1031 // Whatever the store throws, it is asked again, and twins are read as not durable.
        catch (Exception e)
#pragma warning restore CA1031
        {
            lock (_lock)
            {
                _unanswered = asked;
            }

            if (!_isAway && !_stopping.IsCancellationRequested)
            {
                _isAway = true;
                LogAway(e.Message);
            }
        }
    }

    private void Lose()
    {
        if (_isLost)
        {
            return;
        }

        _isLost = true;
        TwinGridException fenced = new(
            "This silo was taken for dead: others answer for its twins now, it keeps and says nothing any more. It "
            + "ends, and can be started again.");
        LogLost(fenced.Message);
        end.OnFatalException(this, "The lease of the store", fenced);
    }

    private void ThrowIfLost()
    {
        if (_isLost || _stopping.IsCancellationRequested)
        {
            throw new TwinGridUnavailableException(
                _isLost ? "this silo was taken for dead and ends; ask again" : "the silo stops; ask again");
        }
    }

    [LoggerMessage(LogLevel.Critical, "{Reason}")]
    private partial void LogLost(string reason);

    [LoggerMessage(
        LogLevel.Warning,
        "The store does not say whether this silo's twins are still its own ({Reason}); they are read as not durable.")]
    private partial void LogAway(string reason);

    [LoggerMessage(LogLevel.Information, "The store says again that this silo's twins are its own.")]
    private partial void LogBack();

    [LoggerMessage(LogLevel.Debug, "The lease was not given back: {Reason}")]
    private partial void LogNotReleased(string reason);
}
