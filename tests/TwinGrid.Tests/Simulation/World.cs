namespace TwinGrid.Tests.Simulation;

/// <summary>
/// One thread, one clock, one seed. What can run next is chosen by chance, so a schedule is an order of the steps of
/// every process, and its seed makes it again.
/// </summary>
internal sealed class World(int seed)
{
    private readonly List<Lane> _ready = [];
    private readonly PriorityQueue<Action, (long At, long Order)> _later = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;

    /// <summary>All chance there is.</summary>
    public Random Chance { get; } = new(seed);

    /// <summary>Time since the start, in ticks of 100 ns; never goes back.</summary>
    public long Now { get; private set; }

    /// <summary>How many steps were taken.</summary>
    public int Steps { get; private set; }

    /// <summary>A hash of all that happened, in order: equal for equal schedules.</summary>
    public ulong Trace { get; private set; } = 14_695_981_039_346_656_037;

    /// <summary>True when something ran on another thread: the schedule is then not the seed's.</summary>
    public bool Escaped { get; private set; }

    public bool Happens(double probability) => Chance.NextDouble() < probability;

    /// <summary>A time between two, milliseconds.</summary>
    public TimeSpan Between(double from, double to) =>
        TimeSpan.FromMilliseconds(from + (Chance.NextDouble() * (to - from)));

    /// <summary>Lets something happen later.</summary>
    public void After(TimeSpan delay, Action what) => _later.Enqueue(what, (Now + delay.Ticks, _order++));

    /// <summary>One thing happens: mostly something that can run, else time passes to the next event.</summary>
    public void Step()
    {
        Steps++;
        if (_ready.Count > 0 && !(_later.Count > 0 && Happens(0.03)))
        {
            Lane lane = _ready[Chance.Next(_ready.Count)];
            Note((ulong)lane.Number);
            lane.RunOne();
        }
        else if (_later.TryDequeue(out Action? what, out (long At, long Order) when))
        {
            Now = Math.Max(Now, when.At);
            Note((ulong)when.Order << 16);
            what();
        }
    }

    /// <summary>Mixes what happened into the trace.</summary>
    public void Note(ulong what) => Trace = (Trace ^ what ^ ((ulong)Now << 1)) * 1_099_511_628_211;

    internal void Ready(Lane lane)
    {
        Escaped |= Environment.CurrentManagedThreadId != _thread;
        _ready.Add(lane);
    }

    internal void NotReady(Lane lane) => _ready.Remove(lane);
}
