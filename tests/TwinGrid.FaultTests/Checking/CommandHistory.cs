namespace TwinGrid.FaultTests.Checking;

/// <summary>What an operator wanted once; retries are the same intention.</summary>
/// <param name="Number">Its number; stands in the command's arguments.</param>
/// <param name="Twin">Which twin's device.</param>
internal sealed record Intention(long Number, string Twin)
{
    /// <summary>The id that the grid gave; null where it was never told.</summary>
    public string? Id { get; set; }

    /// <summary>Where the command stood in the end; null where it was never accepted.</summary>
    public string? Status { get; set; }
}

/// <summary>A device did a command.</summary>
/// <param name="Id">The command's id.</param>
/// <param name="Number">The intention's number.</param>
/// <param name="At">When, by the device's clock.</param>
/// <param name="ExpiresAt">What the command said.</param>
internal sealed record Execution(string Id, long Number, DateTimeOffset At, DateTimeOffset ExpiresAt);

/// <summary>What operators wanted and what devices did. Thread-safe for writers.</summary>
internal sealed class CommandHistory
{
    private readonly Lock _sync = new();
    private readonly List<Intention> _intentions = [];
    private readonly List<Execution> _executions = [];

    /// <summary>All that was wanted.</summary>
    public IReadOnlyList<Intention> Intentions => _intentions;

    /// <summary>All that was done.</summary>
    public IReadOnlyList<Execution> Executions => _executions;

    /// <summary>Somebody wants something.</summary>
    public Intention Want(string twin)
    {
        lock (_sync)
        {
            Intention intention = new(_intentions.Count + 1, twin);
            _intentions.Add(intention);
            return intention;
        }
    }

    /// <summary>A device did something.</summary>
    public void Execute(Execution execution)
    {
        lock (_sync)
        {
            _executions.Add(execution);
        }
    }
}
