namespace WindFarm.Watching;

/// <summary>How many of something come in a second, over the last five seconds. Called by one thread.</summary>
internal sealed class RatePerSecond
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly Queue<(long At, long Count)> _samples = new();

    public RatePerSecond(TimeProvider time) => _time = time;

    /// <summary>Takes the count so far and gives the rate per second; 0 until there are two counts.</summary>
    public double Per(long count)
    {
        long now = _time.GetTimestamp();
        _samples.Enqueue((now, count));
        while (_time.GetElapsedTime(_samples.Peek().At, now) > Window)
        {
            _samples.Dequeue();
        }

        (long at, long first) = _samples.Peek();
        double seconds = _time.GetElapsedTime(at, now).TotalSeconds;
        return seconds > 0 ? (count - first) / seconds : 0;
    }
}
