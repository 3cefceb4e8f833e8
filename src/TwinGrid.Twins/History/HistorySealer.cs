using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TwinGrid.Twins.Definitions;

namespace TwinGrid.Twins.History;

/// <summary>
/// Seals logs in the background: one twin at a time, a quarter of the time at most. A twin says so itself when it has
/// enough turns; a look at the store every ten minutes finds those that had none to say it. While the store is away
/// all of it waits. Thread-safe.
/// </summary>
internal sealed partial class HistorySealer : IAsyncDisposable
{
    /// <summary>So many turns make a segment.</summary>
    public const int ManyTurns = 1_024;

    /// <summary>So many do where the twin goes to rest.</summary>
    public const int FewTurns = 256;

    /// <summary>Twins that wait; more are found by the next look.</summary>
    private const int MostWaiting = 65_536;

    /// <summary>For each second of work so many of rest.</summary>
    private const int Rest = 3;

    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_sealSlowAfter = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_breath = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_failurePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_awayPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_reclaimPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_reclaimLook = TimeSpan.FromSeconds(5);

    private readonly ITwinStore _store;
    private readonly PartSealer _parts;
    private readonly Func<TwinId, bool> _isOurs;
    private readonly TimeProvider _clock;
    private readonly ILogger<HistorySealer> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Channel<(TwinId Twin, int Turns)> _waiting =
        Channel.CreateBounded<(TwinId, int)>(new BoundedChannelOptions(MostWaiting));

    private Task _loops = Task.CompletedTask;

    /// <summary>Seals nothing before it is started or asked to.</summary>
    /// <param name="store">What is sealed.</param>
    /// <param name="kinds">What the log is folded with.</param>
    /// <param name="isOurs">
    /// True for twins whose place is on this silo: of silos that share a store each looks for its own.
    /// </param>
    /// <param name="limits">How long history is kept.</param>
    /// <param name="clock">The grid's.</param>
    /// <param name="logger">Where failures are told.</param>
    public HistorySealer(
        ITwinStore store,
        KindRegistry kinds,
        Func<TwinId, bool> isOurs,
        IOptionsMonitor<LimitOptions> limits,
        TimeProvider clock,
        ILogger<HistorySealer> logger)
    {
        _store = store;
        _isOurs = isOurs;
        _parts = new PartSealer(store, kinds, limits, clock, logger, s_breath);
        _clock = clock;
        _logger = logger;
    }

    /// <summary>Begins; does nothing with a store that keeps no history.</summary>
    public void Start()
    {
        if (_store.KeepsHistory)
        {
            _loops = Task.WhenAll(
                Task.Run(() => GuardedAsync(SealWaitingAsync)),
                Task.Run(() => GuardedAsync(LookAsync)),
                Task.Run(() => GuardedAsync(ReclaimAsync)));
        }
    }

    /// <summary>A twin has a snapshot after so many turns.</summary>
    public void Note(TwinId twin, int turns)
    {
        if (_store.KeepsHistory && !_waiting.Writer.TryWrite((twin, turns)))
        {
            HistoryMetrics.Missed();
        }
    }

    /// <summary>Seals nothing until the answer is disposed.</summary>
    public async Task<IDisposable> HoldAsync()
    {
        await _gate.WaitAsync();
        return new Hold(_gate);
    }

    /// <summary>Seals a twin up to its newest snapshot.</summary>
    /// <param name="twin">Which.</param>
    /// <param name="turns">Only where it has at least so many turns.</param>
    /// <param name="cancellationToken">Ends between two parts.</param>
    /// <returns>True where all of it was sealed that is to be.</returns>
    public async Task<bool> SealAsync(TwinId twin, int turns, CancellationToken cancellationToken)
    {
        long verified = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long start = _clock.GetTimestamp();
            SealOutcome outcome;
            using (await HoldAsync())
            {
                (outcome, verified) = await _parts.SealAsync(twin, turns, verified, cancellationToken);
            }

            if (outcome != SealOutcome.SealedPart)
            {
                return outcome != SealOutcome.Mismatch;
            }

            // What is left of a long tail is sealed whatever its length.
            turns = 1;
            await RestAsync(start, cancellationToken);
        }
    }

    /// <summary>Looks once for what is to be sealed or dropped.</summary>
    public async Task LookOnceAsync(CancellationToken cancellationToken)
    {
        long now = UnixMicroseconds.Now(_clock);
        int dropped = await _store.DropExpiredAsync(now, cancellationToken);
        if (dropped > 0)
        {
            HistoryMetrics.Dropped(dropped);
            LogDropped(dropped);
        }

        long before = now - UnixMicroseconds.From(s_sealSlowAfter);
        await foreach (TwinId twin in _store.ReadUnsealedAsync(ManyTurns, before, cancellationToken))
        {
            if (_isOurs(twin))
            {
                await TrySealAsync(twin, 1, cancellationToken);
            }
        }
    }

    /// <summary>Ends after the part under way.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync();
        }

        await _loops;
    }

    private async Task SealWaitingAsync(CancellationToken stopping)
    {
        await foreach ((TwinId twin, int turns) in _waiting.Reader.ReadAllAsync(stopping))
        {
            await TrySealAsync(twin, turns, stopping);
        }
    }

    private async Task LookAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await PatientlyAsync(() => LookOnceAsync(stopping), stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                LogLookFailed(e);
            }

            await Task.Delay(s_lookEvery, _clock, stopping);
        }
    }

    private async Task ReclaimAsync(CancellationToken stopping)
    {
        while (true)
        {
            bool more = false;
            try
            {
                await PatientlyAsync(async () => more = await _store.ReclaimAsync(stopping), stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                LogReclaimFailed(e);
            }

            await Task.Delay(more ? s_reclaimPause : s_reclaimLook, _clock, stopping);
        }
    }

    private async Task TrySealAsync(TwinId twin, int turns, CancellationToken stopping)
    {
        try
        {
            await PatientlyAsync(
                async () =>
                {
                    long start = _clock.GetTimestamp();
                    await SealAsync(twin, turns, stopping);
                    await RestAsync(start, stopping);
                },
                stopping);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            HistoryMetrics.Count("failed");
            LogFailed(e, twin);
            await Task.Delay(s_failurePause, _clock, stopping);
        }
    }

    // What a store that is away did not do is done when it is back; that it is away is told once.
    private async Task PatientlyAsync(Func<Task> work, CancellationToken stopping)
    {
        bool isTold = false;
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (TwinGridUnavailableException e) when (!stopping.IsCancellationRequested)
            {
                if (!isTold)
                {
                    LogAway(e.Message);
                    isTold = true;
                }
            }

            await Task.Delay(s_awayPause, _clock, stopping);
        }
    }

    private Task RestAsync(long start, CancellationToken cancellationToken) =>
        Task.Delay(_clock.GetElapsedTime(start) * Rest, _clock, cancellationToken);

    private async Task GuardedAsync(Func<CancellationToken, Task> loop)
    {
        try
        {
            await loop(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            LogStopped();
        }
    }

    private sealed class Hold(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }

    [LoggerMessage(LogLevel.Debug, "The silo stops; what is not sealed is found again.")]
    private partial void LogStopped();

    [LoggerMessage(LogLevel.Information, "{Count} partitions of history were older than they are kept and are gone.")]
    private partial void LogDropped(int count);

    [LoggerMessage(LogLevel.Warning, "{Reason} What is to be sealed, dropped or freed waits for it.")]
    private partial void LogAway(string reason);

    [LoggerMessage(LogLevel.Error, "The log of {Twin} could not be sealed; it stays as it is and is tried again.")]
    private partial void LogFailed(Exception exception, TwinId twin);

    [LoggerMessage(LogLevel.Error, "What is to be sealed could not be looked for; it is tried again.")]
    private partial void LogLookFailed(Exception exception);

    [LoggerMessage(LogLevel.Error, "The room of sealed turns could not be freed; it is tried again.")]
    private partial void LogReclaimFailed(Exception exception);
}
