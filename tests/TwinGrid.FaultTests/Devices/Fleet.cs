namespace TwinGrid.FaultTests.Devices;

/// <summary>All devices of a run.</summary>
internal sealed class Fleet(IReadOnlyList<SimulatedDevice> devices) : IAsyncDisposable
{
    private static readonly TimeSpan LastsWithoutLink = TimeSpan.FromMilliseconds(600);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Messages that are not acknowledged.</summary>
    public int Left => devices.Sum(static device => device.Left);

    /// <summary>Messages that were sent again.</summary>
    public long SentAgain => devices.Sum(static device => device.SentAgain);

    /// <summary>Connections that devices have had.</summary>
    public int Connections => devices.Sum(static device => device.Connections);

    /// <summary>Begins.</summary>
    public void Start() =>
        _running = Task.WhenAll(devices.Select(device => Task.Run(() => device.RunAsync(_stopping.Token))));

    /// <summary>From now on devices send only what is left.</summary>
    public void StopMeasuring()
    {
        foreach (SimulatedDevice device in devices)
        {
            device.IsMeasuring = false;
        }
    }

    /// <summary>Epochs that devices began with messages of an older one still to send.</summary>
    public int RestartsWithMessages => devices.Sum(static device => device.RestartsWithMessages);

    /// <summary>
    /// Some devices are without power, all at once. Their links go first: so each has something that it could not send.
    /// </summary>
    /// <param name="every">Every how many-th.</param>
    /// <param name="length">For how long.</param>
    /// <returns>How many.</returns>
    public async Task<int> LosePowerAsync(int every, TimeSpan length)
    {
        SimulatedDevice[] victims = [.. devices.Where((_, i) => i % every == 0)];
        foreach (SimulatedDevice device in victims)
        {
            device.LoseLink();
        }

        await Task.Delay(LastsWithoutLink);
        foreach (SimulatedDevice device in victims)
        {
            device.LosePower();
        }

        await Task.Delay(length);
        foreach (SimulatedDevice device in victims)
        {
            device.Restart();
        }

        return victims.Length;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        foreach (SimulatedDevice device in devices)
        {
            device.Dispose();
        }

        _stopping.Dispose();
    }
}
