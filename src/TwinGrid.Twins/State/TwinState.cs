using TwinGrid.Twins.Control;
using TwinGrid.Twins.Definitions;

namespace TwinGrid.Twins.State;

/// <summary>
/// Everything that is known of one twin: arrays of structs, no object per telemetry. Only <see cref="TwinFold"/>
/// changes it; a fork or a replay decodes a copy first. Not thread-safe.
/// </summary>
internal sealed class TwinState
{
    private TelemetrySlot[] _slots;
    private string[] _extraNames = [];

    public TwinState(TwinId twin, CompiledKind kind)
    {
        Twin = twin;
        Kind = kind;
        _slots = new TelemetrySlot[kind.Telemetry.Length];
        ModelState = new double[kind.ModelStateLength];
        Predictions = new Prediction[kind.Models.Length];
        Policies = new PolicyState[kind.Policies.Length];
        Forget();
    }

    public TwinId Twin { get; }

    /// <summary>The compiled kind that the arrays are laid out for.</summary>
    public CompiledKind Kind { get; }

    /// <summary>
    /// True while it is laid out for a newer definition than that of its last turn. No snapshot is made of it then:
    /// a definition changes a twin at a turn, so that the log alone makes the same again.
    /// </summary>
    public bool IsAhead { get; set; }

    /// <summary>One per turn, equal to the newest log row; 0 before the first.</summary>
    public long Revision { get; set; }

    /// <summary>False before the first input of a device and after a deletion.</summary>
    public bool Exists { get; set; }

    /// <summary>The live values: first the declared telemetry in the kind's order, then others as they came.</summary>
    public Span<TelemetrySlot> Slots => _slots.AsSpan(0, SlotCount);

    public int SlotCount { get; private set; }

    public List<SourceState> Sources { get; } = [];

    /// <summary>One array for all models; each has its slice.</summary>
    public double[] ModelState { get; }

    /// <summary>The newest prediction of each model.</summary>
    public Prediction[] Predictions { get; }

    /// <summary>
    /// The models whose newest prediction was made with historical readings, one bit each: their inputs may be live
    /// again when it is not, where a model runs outside the turn or says nothing new of what came.
    /// </summary>
    public ulong PredictedOfHistory { get; set; }

    /// <summary>The newest source time that models saw: it never goes back for them.</summary>
    public long ModelTime { get; set; } = UnixMicroseconds.Absent;

    public PolicyState[] Policies { get; }

    public List<AlarmRecord> Alarms { get; } = [];

    /// <summary>The commands, oldest first.</summary>
    public List<CommandRecord> Commands { get; } = [];

    /// <summary>The reported properties, a JSON object.</summary>
    public string Reported { get; set; } = "{}";

    /// <summary>The desired properties, a JSON object.</summary>
    public string Desired { get; set; } = "{}";

    /// <summary>One per change of the desired properties, never used twice; 0 before the first.</summary>
    public long DesiredRevision { get; set; }

    /// <summary>The write that changed the desired properties last; empty for none.</summary>
    public string DesiredWrite { get; set; } = "";

    /// <summary>The newest desired revision that the device says it answers; 0 for none.</summary>
    public long AnsweredRevision { get; set; }

    public bool? Online { get; set; }

    /// <summary>The MQTT session that <see cref="Online"/> follows; empty when the device itself said it.</summary>
    public string OnlineSession { get; set; } = "";

    /// <summary>When <see cref="Online"/> was last said, Unix microseconds.</summary>
    public long OnlineSince { get; set; } = UnixMicroseconds.Absent;

    /// <summary>When its device was last heard, Unix microseconds.</summary>
    public long LastSeen { get; set; } = UnixMicroseconds.Absent;

    /// <summary>When its last reading came, Unix microseconds.</summary>
    public long LastReading { get; set; } = UnixMicroseconds.Absent;

    public TwinCounters Counters { get; private set; } = new();

    /// <summary>
    /// Forgets everything but the revisions, its own and that of the desired properties: the twin begins anew.
    /// </summary>
    public void Forget()
    {
        Exists = false;
        SlotCount = Kind.Telemetry.Length;
        Array.Fill(_slots, new TelemetrySlot());
        Array.Fill(Predictions, Prediction.None);
        PredictedOfHistory = 0;
        Array.Fill(Policies, new PolicyState());
        foreach (Modelling.CompiledModel model in Kind.Models)
        {
            model.Model.Initialize(ModelState.AsSpan(model.StateOffset, model.Model.StateLength));
        }

        Sources.Clear();
        Alarms.Clear();
        Commands.Clear();
        DesiredRevision += Desired == "{}" ? 0 : 1;
        (Reported, Desired, DesiredWrite, AnsweredRevision) = ("{}", "{}", "", 0);
        (Online, OnlineSession, OnlineSince) = (null, "", UnixMicroseconds.Absent);
        (LastSeen, LastReading, ModelTime) =
            (UnixMicroseconds.Absent, UnixMicroseconds.Absent, UnixMicroseconds.Absent);
        Counters = new TwinCounters();
    }

    /// <summary>The name of a slot.</summary>
    public string NameOf(int slot) =>
        slot < Kind.Telemetry.Length ? Kind.Telemetry[slot].Name : _extraNames[slot - Kind.Telemetry.Length];

    /// <summary>The unit of a slot's value, or null.</summary>
    public string? UnitOf(int slot) =>
        slot < Kind.Telemetry.Length ? Kind.Telemetry[slot].Unit : _slots[slot].Unit;

    /// <summary>The slot of an undeclared telemetry that came before, or -1; the name is interned.</summary>
    public int FindExtra(string interned)
    {
        for (int i = SlotCount - Kind.Telemetry.Length - 1; i >= 0; i--)
        {
            if (ReferenceEquals(_extraNames[i], interned) || _extraNames[i] == interned)
            {
                return Kind.Telemetry.Length + i;
            }
        }

        return -1;
    }

    /// <summary>Makes a slot for an undeclared telemetry.</summary>
    public int AddExtra(string interned)
    {
        int extra = SlotCount - Kind.Telemetry.Length;
        if (SlotCount == _slots.Length)
        {
            int grown = Math.Max(4, SlotCount * 2);
            TelemetrySlot[] slots = NewSlots(grown);
            _slots.AsSpan().CopyTo(slots);
            _slots = slots;
        }

        if (extra == _extraNames.Length)
        {
            Array.Resize(ref _extraNames, Math.Max(4, extra * 2));
        }

        _extraNames[extra] = interned;
        return SlotCount++;
    }

    /// <summary>The alarm of a name, or null.</summary>
    public AlarmRecord? FindAlarm(string name)
    {
        // A loop and no predicate: it is asked at every message, and a predicate would be an object each time.
        foreach (AlarmRecord alarm in Alarms)
        {
            if (alarm.Name == name)
            {
                return alarm;
            }
        }

        return null;
    }

    /// <summary>The command of an id, or null.</summary>
    public CommandRecord? FindCommand(string id) => Commands.Find(command => command.Id == id);

    private static TelemetrySlot[] NewSlots(int count)
    {
        var slots = new TelemetrySlot[count];
        Array.Fill(slots, new TelemetrySlot());
        return slots;
    }
}

/// <summary>What came to a twin and what became of it, mutable.</summary>
internal sealed class TwinCounters
{
    public long Readings { get; set; }

    public long Duplicates { get; set; }

    public long Late { get; set; }

    public long Historical { get; set; }

    public long Rejected { get; set; }

    public long Restarts { get; set; }

    public CountersSnapshot ToSnapshot() => new(Readings, Duplicates, Late, Historical, Rejected, Restarts);
}
