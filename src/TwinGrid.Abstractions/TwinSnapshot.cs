using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>
/// A twin at one committed revision: what the API answers, what <c>state</c> carries and what the client reads.
/// Immutable, thread-safe.
/// </summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.TwinSnapshot")]
public sealed record TwinSnapshot
{
    /// <summary>The id, <c>kind/key</c>.</summary>
    [Id(0)]
    public required string Id { get; init; }

    /// <summary>The kind.</summary>
    [Id(1)]
    public required string Kind { get; init; }

    /// <summary>The DTMI of its interface, or null.</summary>
    [Id(2)]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Interface { get; init; }

    /// <summary>True when a definition of its kind is known.</summary>
    [Id(3)]
    public bool Modelled { get; init; }

    /// <summary>One per turn, equal to the log row.</summary>
    [Id(4)]
    public long Revision { get; init; }

    /// <summary>True, false, or null for unknown.</summary>
    [Id(5)]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public bool? Online { get; init; }

    /// <summary>When its device was last heard.</summary>
    [Id(6)]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public DateTimeOffset? LastSeenAt { get; init; }

    /// <summary>The live values by telemetry name; components are joined by dots.</summary>
    [Id(7)]
    public required IReadOnlyDictionary<string, TelemetrySnapshot> Telemetry { get; init; }

    /// <summary>The reported and desired properties.</summary>
    [Id(8)]
    public required PropertiesSnapshot Properties { get; init; }

    /// <summary>The newest prediction of each model by name.</summary>
    [Id(9)]
    public required IReadOnlyDictionary<string, PredictionSnapshot> Predictions { get; init; }

    /// <summary>Every alarm that was ever raised, each in its newest state.</summary>
    [Id(10)]
    public required IReadOnlyList<AlarmSnapshot> Alarms { get; init; }

    /// <summary>Who publishes for it.</summary>
    [Id(11)]
    public required IReadOnlyList<SourceSnapshot> Sources { get; init; }

    /// <summary>What came and what became of it.</summary>
    [Id(12)]
    public required CountersSnapshot Counters { get; init; }

    /// <summary>The newest commands, newest first, at most 10.</summary>
    [Id(13)]
    public required IReadOnlyList<CommandSnapshot> Commands { get; init; }

    /// <summary>False when the store does not answer and this may not survive a restart.</summary>
    [Id(14)]
    public bool Durable { get; init; } = true;
}

/// <summary>The live value of one telemetry.</summary>
/// <param name="Value">The value; JSON null where there is none.</param>
/// <param name="SourceTime">When it was measured.</param>
/// <param name="ReceivedTime">When the grid received it.</param>
/// <param name="Quality">How far to trust it.</param>
/// <param name="Unit">Its unit, or null.</param>
/// <param name="Count">How many readings changed it.</param>
/// <param name="Modelled">False for a telemetry that the kind does not declare.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.TelemetrySnapshot")]
public sealed record TelemetrySnapshot(
    [property: Id(0)] ReadingValue Value,
    [property: Id(1)] DateTimeOffset SourceTime,
    [property: Id(2)] DateTimeOffset ReceivedTime,
    [property: Id(3)] Quality Quality,
    [property: Id(4), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Unit,
    [property: Id(5)] long Count,
    [property: Id(6)] bool Modelled);

/// <summary>The properties of a twin, each a JSON object.</summary>
/// <param name="Reported">What the device reports.</param>
/// <param name="Desired">What it is asked to be.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.PropertiesSnapshot")]
public sealed record PropertiesSnapshot([property: Id(0)] RawJson Reported, [property: Id(1)] RawJson Desired)
{
    /// <summary>The revision of the desired properties, one per change of them; 0 before the first.</summary>
    [Id(2)]
    public long DesiredRevision { get; init; }

    /// <summary>
    /// The newest desired revision that the device says it answers (<c>$revision</c>); null where it named none.
    /// </summary>
    [Id(3)]
    public long? AnsweredRevision { get; init; }
}

/// <summary>What a twin's device is asked to be.</summary>
/// <param name="Revision">
/// The revision of the desired properties themselves, one per change; the device names it in its answer.
/// </param>
/// <param name="Desired">The desired properties.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.DesiredSnapshot")]
public sealed record DesiredSnapshot([property: Id(0)] long Revision, [property: Id(1)] RawJson Desired);

/// <summary>Which model speaks.</summary>
/// <param name="Name">Its name in the kind.</param>
/// <param name="Version">Its version.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.ModelIdentity")]
public sealed record ModelIdentity([property: Id(0)] string Name, [property: Id(1)] int Version);

/// <summary>What a model says, as the outside reads it.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.PredictionSnapshot")]
public sealed record PredictionSnapshot
{
    /// <summary>The value; null where the model says nothing (no trend towards a limit, say).</summary>
    [Id(0)]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Value { get; init; }

    /// <summary>The lower end of the interval.</summary>
    [Id(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Lower { get; init; }

    /// <summary>The upper end of the interval.</summary>
    [Id(2)]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Upper { get; init; }

    /// <summary>The nominal coverage of the interval, 0 to 1.</summary>
    [Id(3)]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Confidence { get; init; }

    /// <summary>The unit of the value, or null.</summary>
    [Id(4)]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Unit { get; init; }

    /// <summary>The time that it speaks of.</summary>
    [Id(5)]
    public DateTimeOffset For { get; init; }

    /// <summary>How far ahead that is, ISO 8601.</summary>
    [Id(6)]
    public required string Horizon { get; init; }

    /// <summary>The source time of the reading that it follows.</summary>
    [Id(7)]
    public DateTimeOffset At { get; init; }

    /// <summary>Which model speaks.</summary>
    [Id(8)]
    public required ModelIdentity Model { get; init; }

    /// <summary>The twin's revision.</summary>
    [Id(9)]
    public long Revision { get; init; }

    /// <summary>One sentence of why.</summary>
    [Id(10)]
    public required string Why { get; init; }

    /// <summary>Observed minus predicted, where the truth was seen.</summary>
    [Id(11)]
    public double? Residual { get; init; }

    /// <summary>
    /// The inputs behind it, those that count most first, at most five; null where the model names none.
    /// </summary>
    [Id(12)]
    public IReadOnlyList<Contribution>? Contributions { get; init; }

    /// <summary>What the model expected to see: the evidence of its reason; null where it gives none.</summary>
    [Id(13)]
    public double? Expected { get; init; }

    /// <summary>The bound that the evidence is judged by; null where the model gives none.</summary>
    [Id(14)]
    public double? Threshold { get; init; }
}

/// <summary>Whether an alarm's condition holds.</summary>
[JsonConverter(typeof(CamelCaseEnum<AlarmState>))]
public enum AlarmState : byte
{
    /// <summary>It is over.</summary>
    Cleared = 0,

    /// <summary>It holds.</summary>
    Active = 1,
}

/// <summary>An alarm in one of its four states: active or cleared, acknowledged or not.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.AlarmSnapshot")]
public sealed record AlarmSnapshot
{
    /// <summary>
    /// The policy's name, or <c>_clock</c>, <c>_noData</c>, <c>_commands</c>, <c>{policy}.unverified</c>.
    /// </summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>Active or cleared.</summary>
    [Id(1)]
    public AlarmState State { get; init; }

    /// <summary>True once a person has seen it; a new raise takes it back.</summary>
    [Id(2)]
    public bool Acknowledged { get; init; }

    /// <summary>How bad.</summary>
    [Id(3)]
    public AlarmSeverity Severity { get; init; }

    /// <summary>Since when it is in its state.</summary>
    [Id(4)]
    public DateTimeOffset Since { get; init; }

    /// <summary>One sentence of why.</summary>
    [Id(5)]
    public required string Why { get; init; }

    /// <summary>Who acknowledged it, or null.</summary>
    [Id(6)]
    public string? AcknowledgedBy { get; init; }

    /// <summary>What they wrote, or null.</summary>
    [Id(7)]
    public string? Note { get; init; }

    /// <summary>
    /// The reason as data: what was read when it came into its state, with the bounds; null where it is not known, as
    /// for alarms of before this was kept.
    /// </summary>
    [Id(8)]
    public IReadOnlyList<AlarmEvidence>? Evidence { get; init; }
}

/// <summary>A publisher of a twin's readings.</summary>
/// <param name="Source">Its name; empty by default.</param>
/// <param name="Epoch">Its current epoch; 0 where it names none and has not restarted.</param>
/// <param name="Seq">The highest number seen of the epoch, or null where it does not number.</param>
/// <param name="ClockOffset">Arrival minus source time in seconds, smoothed; null where it sends no times.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.SourceSnapshot")]
public sealed record SourceSnapshot(
    [property: Id(0)] string Source,
    [property: Id(1)] long Epoch,
    [property: Id(2), JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? Seq,
    [property: Id(3), JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? ClockOffset);

/// <summary>What came to a twin and what became of it.</summary>
/// <param name="Readings">All readings.</param>
/// <param name="Duplicates">Whose identity was seen before.</param>
/// <param name="Late">Older than the live value.</param>
/// <param name="Historical">Older than the live window on arrival, or marked so.</param>
/// <param name="Rejected">Dropped, for whatever reason.</param>
/// <param name="Restarts">Epochs that began without being named.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.CountersSnapshot")]
public sealed record CountersSnapshot(
    [property: Id(0)] long Readings,
    [property: Id(1)] long Duplicates,
    [property: Id(2)] long Late,
    [property: Id(3)] long Historical,
    [property: Id(4)] long Rejected,
    [property: Id(5)] long Restarts);

/// <summary>A line of a listing of twins.</summary>
/// <param name="Id">The id, <c>kind/key</c>.</param>
/// <param name="Kind">The kind.</param>
/// <param name="Revision">Its committed revision.</param>
/// <param name="LastReadingAt">When its last reading came.</param>
/// <param name="Online">True, false, or null for unknown.</param>
/// <param name="ActiveAlarms">How many alarms are active.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.TwinSummary")]
public sealed record TwinSummary(
    [property: Id(0)] string Id,
    [property: Id(1)] string Kind,
    [property: Id(2)] long Revision,
    [property: Id(3), JsonIgnore(Condition = JsonIgnoreCondition.Never)] DateTimeOffset? LastReadingAt,
    [property: Id(4), JsonIgnore(Condition = JsonIgnoreCondition.Never)] bool? Online,
    [property: Id(5)] int ActiveAlarms)
{
    /// <summary>The revision of its desired properties; 0 where none were ever asked for.</summary>
    [Id(6)]
    public long DesiredRevision { get; init; }

    /// <summary>
    /// <c>damaged</c> for a twin whose stored log is damaged: nothing else is then known but its id. Null for all
    /// others.
    /// </summary>
    [Id(7)]
    public string? Problem { get; init; }
}
