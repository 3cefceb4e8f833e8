namespace TwinGrid.FaultTests.Checking;

/// <summary>What an operator wanted once; retries are the same intention.</summary>
/// <param name="Number">Its number; stands in the command's arguments.</param>
/// <param name="Twin">Which twin's device.</param>
/// <param name="Wanted">When, by the monotonic clock.</param>
internal sealed record Intention(long Number, string Twin, long Wanted)
{
    /// <summary>The id that the grid gave; null where it was never told.</summary>
    public string? Id { get; set; }

    /// <summary>Where the command stood in the end; null where it was never accepted.</summary>
    public string? Status { get; set; }

    /// <summary>True where its operator asked to call it back, whatever the answer was.</summary>
    public bool IsRegretted { get; set; }

    /// <summary>When its operator was told that it is called back; null where that was never said.</summary>
    public long? CalledBack { get; set; }
}

/// <summary>A device did a command.</summary>
/// <param name="Id">The command's id.</param>
/// <param name="Number">The intention's number.</param>
/// <param name="At">When, by the device's clock.</param>
/// <param name="ExpiresAt">What the command said.</param>
internal sealed record Execution(string Id, long Number, DateTimeOffset At, DateTimeOffset ExpiresAt);

/// <summary>A device was given a command, whatever it then made of it.</summary>
/// <param name="Number">The intention's number.</param>
/// <param name="At">When, by the device's clock.</param>
/// <param name="ExpiresAt">What the command said.</param>
/// <param name="Gateway">Through which gateway, by its place.</param>
/// <param name="Connected">When that connection began, by the monotonic clock.</param>
/// <param name="Heard">When the command came, by the monotonic clock.</param>
internal sealed record Receipt(
    long Number, DateTimeOffset At, DateTimeOffset ExpiresAt, int Gateway, long Connected, long Heard);

/// <summary>The grid acknowledged what a device said of a command.</summary>
/// <param name="Id">The command's id.</param>
/// <param name="At">When, by the device's clock.</param>
/// <param name="ExpiresAt">What the command said.</param>
internal sealed record Answer(string Id, DateTimeOffset At, DateTimeOffset ExpiresAt);

/// <summary>A fault, from its begin to its end, as far as commands are concerned. Monotonic clock.</summary>
/// <param name="Victim">Whose, by its place.</param>
/// <param name="From">Its begin.</param>
/// <param name="To">Its end.</param>
/// <param name="Recovered">When all was well again.</param>
/// <param name="HoldsDevices">What its victim sends to devices may come late.</param>
/// <param name="MayEndProcess">A process dies of it, or is taken for dead.</param>
internal sealed record Disturbance(
    int Victim, long From, long To, long Recovered, bool HoldsDevices, bool MayEndProcess);

/// <summary>What operators wanted and what devices did. Thread-safe for writers.</summary>
internal sealed class CommandHistory
{
    private readonly Lock _sync = new();
    private readonly List<Intention> _intentions = [];
    private readonly List<Execution> _executions = [];
    private readonly List<Receipt> _receipts = [];
    private readonly List<Answer> _answers = [];
    private readonly List<Disturbance> _disturbances = [];

    /// <summary>All that was wanted.</summary>
    public IReadOnlyList<Intention> Intentions => _intentions;

    /// <summary>All that was done.</summary>
    public IReadOnlyList<Execution> Executions => _executions;

    /// <summary>All that devices were given, repetitions too.</summary>
    public IReadOnlyList<Receipt> Receipts => _receipts;

    /// <summary>All answers of devices that were acknowledged.</summary>
    public IReadOnlyList<Answer> Answers => _answers;

    /// <summary>The faults.</summary>
    public IReadOnlyList<Disturbance> Disturbances => _disturbances;

    /// <summary>Somebody wants something.</summary>
    public Intention Want(string twin, long at)
    {
        lock (_sync)
        {
            Intention intention = new(_intentions.Count + 1, twin, at);
            _intentions.Add(intention);
            return intention;
        }
    }

    /// <summary>A device did something.</summary>
    public void Execute(Execution execution) => Add(_executions, execution);

    /// <summary>A device was given something.</summary>
    public void Receive(Receipt receipt) => Add(_receipts, receipt);

    /// <summary>A device's answer was acknowledged.</summary>
    public void Acknowledge(Answer answer) => Add(_answers, answer);

    /// <summary>There was a fault.</summary>
    public void Disturb(Disturbance disturbance) => Add(_disturbances, disturbance);

    private void Add<T>(List<T> all, T one)
    {
        lock (_sync)
        {
            all.Add(one);
        }
    }
}
