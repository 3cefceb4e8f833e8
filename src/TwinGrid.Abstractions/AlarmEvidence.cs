using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>
/// One thing that an alarm was raised or cleared by: the reason as data. Immutable, thread-safe.
/// </summary>
/// <remarks>
/// A comparison of the condition is one entry with <see cref="Operator"/> and <see cref="Threshold"/>. Where it
/// compares what is computed of several values, each of these follows as an entry of its own.
/// </remarks>
[GenerateSerializer, Immutable, Alias("TwinGrid.AlarmEvidence")]
public sealed record AlarmEvidence
{
    /// <summary>
    /// What was read, as a condition names it: a telemetry, <c>predictions.life.value</c>, <c>age(speed)</c>,
    /// <c>abs(a - b)</c>.
    /// </summary>
    [Id(0)]
    public required string Input { get; init; }

    /// <summary>What it was then; JSON null where it had no value. Long text is cut.</summary>
    [Id(1)]
    public ReadingValue Seen { get; init; }

    /// <summary>Its unit, or null.</summary>
    [Id(2)]
    public string? Unit { get; init; }

    /// <summary>
    /// The comparison that held: one of &lt; &lt;= &gt; &gt;= == !=; null where nothing was compared.
    /// </summary>
    [Id(3)]
    public string? Operator { get; init; }

    /// <summary>What it was compared with, or null.</summary>
    [Id(4)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReadingValue? Threshold { get; init; }

    /// <summary>What the model expected to see, where the input is a field of its prediction and it says so.</summary>
    [Id(5)]
    public double? Expected { get; init; }

    /// <summary>
    /// The inputs behind that prediction, those that count most first, at most five; null where the model names none.
    /// </summary>
    [Id(6)]
    public IReadOnlyList<Contribution>? Contributions { get; init; }
}
