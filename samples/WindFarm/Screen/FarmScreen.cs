using WindFarm.Watching;

namespace WindFarm.Screen;

/// <summary>Shows the farm until it is told to stop.</summary>
internal abstract class FarmScreen
{
    private readonly MessageCount _messages;
    private readonly RatePerSecond _rate;

    /// <summary>Makes a screen.</summary>
    /// <param name="watch">What the grid says.</param>
    /// <param name="messages">How many messages it takes.</param>
    /// <param name="time">The clock.</param>
    protected FarmScreen(FarmWatch watch, MessageCount messages, TimeProvider time)
    {
        Watch = watch;
        Time = time;
        _messages = messages;
        _rate = new RatePerSecond(time);
    }

    /// <summary>What the grid says.</summary>
    protected FarmWatch Watch { get; }

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; }

    /// <summary>Messages per second. Look often: the rate is that between looks.</summary>
    protected double MessagesPerSecond => _rate.Per(_messages.Latest);

    /// <summary>Shows the farm until it is cancelled.</summary>
    public abstract Task ShowAsync(CancellationToken cancellationToken);
}
