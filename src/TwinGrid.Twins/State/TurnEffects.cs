namespace TwinGrid.Twins.State;

/// <summary>
/// What a turn did that the outside may hear of after the commit. Filled by the fold, reused from turn to turn.
/// </summary>
internal sealed class TurnEffects
{
    private bool _isTold;

    /// <summary>Hears of every reading where a log is folded again for its history; null in live turns.</summary>
    public ReadingRecorder? Recorder { get; init; }

    /// <summary>True when anything of the state changed: the turn must be committed.</summary>
    public bool Changed { get; set; }

    /// <summary>True when the twin was deleted.</summary>
    public bool Deleted { get; set; }

    /// <summary>The models whose prediction changed, one bit each.</summary>
    public ulong Predictions { get; set; }

    /// <summary>The batched models that should run on what the twin knows now, one bit each.</summary>
    public ulong Asked { get; set; }

    /// <summary>Those of <see cref="Asked"/> whose row was made with historical readings.</summary>
    public ulong AskedOfHistory { get; set; }

    /// <summary>The alarms that changed, in order.</summary>
    public List<AlarmRecord> Alarms { get; } = [];

    /// <summary>The commands that the device must get, in order.</summary>
    public List<CommandRecord> Deliveries { get; } = [];

    /// <summary>The commands that were called back before a device had them, in order.</summary>
    public List<CommandRecord> Recalls { get; } = [];

    /// <summary>True when the desired properties changed.</summary>
    public bool DesiredChanged { get; private set; }

    /// <summary>True when some command changed: somebody may wait for it.</summary>
    public bool CommandsChanged { get; set; }

    /// <summary>How many results came after their command had ended.</summary>
    public int LateResults { get; set; }

    /// <summary>True when the outside must hear of it at once, and not only with the next state.</summary>
    public bool IsTold => _isTold || Deleted;

    public void Clear()
    {
        (Changed, Deleted, CommandsChanged) = (false, false, false);
        LateResults = 0;
        (Predictions, Asked, AskedOfHistory) = (0, 0, 0);
        if (_isTold)
        {
            // Few turns do: the others need not touch the lists.
            _isTold = false;
            DesiredChanged = false;
            Alarms.Clear();
            Deliveries.Clear();
            Recalls.Clear();
        }
    }

    public void AddAlarm(AlarmRecord alarm)
    {
        (Changed, _isTold) = (true, true);
        if (!Alarms.Contains(alarm))
        {
            Alarms.Add(alarm);
        }
    }

    public void AddCommand(CommandRecord command)
    {
        (Changed, CommandsChanged, _isTold) = (true, true, true);
        Deliveries.Add(command);
    }

    public void Recall(CommandRecord command)
    {
        _isTold = true;
        Recalls.Add(command);
        CommandMoved();
    }

    public void Desire() => (Changed, DesiredChanged, _isTold) = (true, true, true);

    public void CommandMoved()
    {
        Changed = true;
        CommandsChanged = true;
    }
}

/// <summary>What the fold answers to the inputs of one sender.</summary>
internal record struct InputAnswer
{
    /// <summary>How many readings became live values.</summary>
    public int Applied { get; set; }

    /// <summary>How many were late or seen before.</summary>
    public int Seen { get; set; }

    /// <summary>Those that could not be used.</summary>
    public List<DroppedReading>? Dropped { get; set; }

    /// <summary>How a request for a command ended.</summary>
    public CommandRefusal Refusal { get; set; }

    /// <summary>The command that was asked for, where accepted, or that was to be called back.</summary>
    public CommandRecord? Command { get; set; }

    /// <summary>How a request to call a command back ended; <see cref="Command"/> is the command.</summary>
    public CancelRefusal CancelRefusal { get; set; }

    /// <summary>How a write of desired properties ended.</summary>
    public DesiredAnswer? Desired { get; set; }

    /// <summary>The alarm that was acknowledged, or null where there is none of that name.</summary>
    public AlarmRecord? Alarm { get; set; }

    public void Drop(string name, ReadingOutcome outcome, string detail) =>
        (Dropped ??= []).Add(new DroppedReading(name, outcome, detail));
}
