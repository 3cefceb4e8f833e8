namespace TwinGrid.Tests.Simulation;

/// <summary>
/// A process: its lanes run until it is killed, which it may be between any two steps, or while it is stopped as by
/// SIGSTOP.
/// </summary>
internal sealed class Process
{
    private readonly World _world;
    private readonly List<Lane> _lanes = [];

    public Process(World world)
    {
        _world = world;
        Pool = NewLane(inOrder: false);
        Clock = new ProcessClock(world, this);
    }

    /// <summary>Its threads of nobody's: no order.</summary>
    public Lane Pool { get; }

    /// <summary>Its clocks.</summary>
    public ProcessClock Clock { get; }

    public bool IsDead { get; private set; }

    public bool IsFrozen { get; private set; }

    public bool Runs => !IsDead && !IsFrozen;

    public Lane NewLane(bool inOrder)
    {
        Lane lane = new(_world, this, inOrder, _lanes.Count);
        _lanes.Add(lane);
        return lane;
    }

    public void Kill()
    {
        IsDead = true;
        _lanes.ForEach(lane => lane.Clear());
    }

    public void Freeze()
    {
        IsFrozen = true;
        _lanes.ForEach(lane => lane.SetRunning(false));
    }

    public void Thaw()
    {
        if (IsFrozen && !IsDead)
        {
            IsFrozen = false;
            _lanes.ForEach(lane => lane.SetRunning(true));
        }
    }
}
