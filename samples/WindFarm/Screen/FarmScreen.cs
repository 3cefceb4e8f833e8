using WindFarm.Watching;

namespace WindFarm.Screen;

/// <summary>Shows the farm until it is told to stop.</summary>
internal abstract class FarmScreen
{
    /// <summary>Makes a screen.</summary>
    /// <param name="watch">What the grid says.</param>
    /// <param name="time">The clock.</param>
    protected FarmScreen(FarmWatch watch, TimeProvider time)
    {
        Watch = watch;
        Time = time;
        Rate = new ReadingRate(time);
    }

    /// <summary>What the grid says.</summary>
    protected FarmWatch Watch { get; }

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; }

    /// <summary>Readings per second.</summary>
    protected ReadingRate Rate { get; }

    /// <summary>Shows the farm until it is cancelled.</summary>
    public abstract Task ShowAsync(CancellationToken cancellationToken);
}
