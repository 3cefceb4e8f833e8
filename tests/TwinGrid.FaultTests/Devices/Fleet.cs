namespace TwinGrid.FaultTests.Devices;

/// <summary>All devices of a run.</summary>
internal sealed class Fleet(IReadOnlyList<SimulatedDevice> devices) : IAsyncDisposable
{
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

    /// <summary>Some devices lose their power at once.</summary>
    /// <param name="every">Every how many-th.</param>
    /// <returns>How many.</returns>
    public int LosePower(int every)
    {
        int count = 0;
        for (int i = 0; i < devices.Count; i += every)
        {
            devices[i].LosePower();
            count++;
        }

        return count;
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
