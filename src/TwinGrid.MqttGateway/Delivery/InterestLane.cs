using Orleans.Runtime;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>Tells another silo what this gateway subscribes, one call at a time. Thread-safe.</summary>
/// <param name="road">The way there.</param>
/// <param name="self">This silo.</param>
/// <param name="interest">What this gateway subscribes.</param>
/// <param name="missed">
/// Called when a silo has heard at last of what it should have heard before: what it did not send meanwhile must be
/// asked for.
/// </param>
internal sealed class InterestLane(
    GatewayRoad road, SiloAddress self, LocalInterest interest, Action missed) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly List<(long Version, TaskCompletionSource Told)> _waiting = [];
    private long _told = LocalInterest.Unknown;
    private bool _isLate;
    private bool _isClosed;

    /// <summary>There is something to tell.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            if (!_isClosed && _changed.CurrentCount == 0)
            {
                _changed.Release();
            }
        }
    }

    /// <summary>
    /// Ends when the silo knows that version. One that is late already is not waited for.
    /// </summary>
    public Task WhenToldAsync(long version)
    {
        lock (_lock)
        {
            if (_told >= version || _isLate || _isClosed)
            {
                return Task.CompletedTask;
            }

            TaskCompletionSource told = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((version, told));
            return told.Task;
        }
    }

    /// <summary>Somebody waited in vain for that version.</summary>
    public void GiveUp(long version)
    {
        lock (_lock)
        {
            _isLate |= _told < version && !_isClosed;
        }
    }

    /// <summary>Tells until the silo is gone.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (true)
            {
                if (_told < interest.Version)
                {
                    await TellAsync().ConfigureAwait(false);
                }
                else
                {
                    await _changed.WaitAsync(road.Gone).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody is there any more who could hear of it.
        }

        Told(long.MaxValue);
    }

    /// <inheritdoc/>
    public void Dispose() => _changed.Dispose();

    private async Task TellAsync()
    {
        long known = _told;
        foreach (InterestUpdate update in interest.Since(known))
        {
            update.Sender = self;
            if (!await road.AskAsync(gateway => gateway.HearAsync(update)).ConfigureAwait(false))
            {
                known = LocalInterest.Unknown;
                await road.PauseAsync().ConfigureAwait(false);
                break;
            }

            known = update.To;
        }

        if (known == LocalInterest.Unknown)
        {
            _told = known;
        }
        else
        {
            Told(known);
        }
    }

    private void Told(long version)
    {
        bool wasLate;
        lock (_lock)
        {
            _told = version;
            _isClosed |= version == long.MaxValue;
            wasLate = _isLate && !_isClosed;
            _isLate = false;
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Version <= version)
                {
                    _waiting[i].Told.TrySetResult();
                    _waiting.RemoveAt(i);
                }
            }
        }

        if (wasLate)
        {
            missed();
        }
    }
}
