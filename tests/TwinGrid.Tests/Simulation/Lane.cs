using Orleans.Runtime;

namespace TwinGrid.Tests.Simulation;

/// <summary>
/// Where work of one process waits for its step: in order, as on an activation's scheduler, or in no order, as on a
/// thread pool. Awaits come back to it, so every await is a point where another lane may run or the process may die.
/// </summary>
internal sealed class Lane(World world, Process process, bool inOrder, int number) : TaskScheduler, IWorkItemScheduler
{
    private readonly List<Task> _waiting = [];

    public int Number => number;

    /// <summary>Runs the next work, or any of it.</summary>
    public void RunOne()
    {
        int index = inOrder ? 0 : world.Chance.Next(_waiting.Count);
        Task task = _waiting[index];
        _waiting.RemoveAt(index);
        if (_waiting.Count == 0)
        {
            world.NotReady(this);
        }

        TryExecuteTask(task);
    }

    /// <summary>Adds work.</summary>
    public void Post(Action work) => new Task(work).Start(this);

    /// <summary>Adds work that goes on for a while; what it awaits comes back here.</summary>
    public void Run(Func<Task> work) => Post(() => _ = work());

    public void QueueAction(Action action) => Post(action);

    public void QueueAction(Action<object> action, object state) => new Task(action!, state).Start(this);

    void IWorkItemScheduler.QueueTask(Task task) => task.Start(this);

    /// <summary>The process stops or goes on.</summary>
    internal void SetRunning(bool runs)
    {
        if (_waiting.Count > 0)
        {
            (runs ? world.Ready : (Action<Lane>)world.NotReady)(this);
        }
    }

    /// <summary>The process is dead: what waited will never run.</summary>
    internal void Clear()
    {
        _waiting.Clear();
        world.NotReady(this);
    }

    protected override void QueueTask(Task task)
    {
        if (process.IsDead)
        {
            return;
        }

        _waiting.Add(task);
        if (_waiting.Count == 1 && !process.IsFrozen)
        {
            world.Ready(this);
        }
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _waiting;
}
