using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>How far a value can be trusted, as its device says.</summary>
[JsonConverter(typeof(CamelCaseEnum<Quality>))]
public enum Quality : byte
{
    /// <summary>The device vouches for it; the default.</summary>
    Good = 0,

    /// <summary>Doubtful.</summary>
    Uncertain = 1,

    /// <summary>Not to be used; the last value stays.</summary>
    Bad = 2,
}

/// <summary>
/// What became of one reading. Every reading ends in exactly one outcome and is counted there. Only
/// <see cref="Applied"/>, <see cref="Historical"/>, <see cref="Future"/> and <see cref="NoValue"/> change the live
/// value.
/// </summary>
[JsonConverter(typeof(CamelCaseEnum<ReadingOutcome>))]
public enum ReadingOutcome : byte
{
    /// <summary>It is the live value now.</summary>
    Applied = 0,

    /// <summary>It is the live value, but older than the live window on arrival: it never causes a command.</summary>
    Historical = 1,

    /// <summary>Its time was over 5 minutes ahead; state took the arrival time instead.</summary>
    Future = 2,

    /// <summary>It says that there is no value: quality bad, the last value stays.</summary>
    NoValue = 3,

    /// <summary>Older than the live value: kept in the log as history only.</summary>
    Late = 4,

    /// <summary>Its identity was seen before: nothing changes.</summary>
    Duplicate = 5,

    /// <summary>Outside the declared minimum and maximum: dropped.</summary>
    OutOfRange = 6,

    /// <summary>Not of the declared type: dropped.</summary>
    WrongType = 7,

    /// <summary>NaN, infinite, or not exactly representable: dropped.</summary>
    NotFinite = 8,

    /// <summary>A unit of another quantity, or one that is not known: dropped.</summary>
    WrongUnit = 9,

    /// <summary>A time that cannot be one: dropped.</summary>
    BadTime = 10,

    /// <summary>The twin has as many telemetry names or sources as its limit allows: dropped.</summary>
    OverLimit = 11,

    /// <summary>A name, object or value that cannot be a reading: dropped.</summary>
    Malformed = 12,

    /// <summary>Older than history is kept: it is in no history, whatever it did to the live value.</summary>
    NotKept = 13,
}

/// <summary>One reading that was dropped, and why: a line of the dead-letter log.</summary>
/// <param name="Telemetry">The telemetry's name.</param>
/// <param name="Outcome">The reason as a word.</param>
/// <param name="Detail">The reason as a sentence: what came and what was expected.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.DroppedReading")]
public sealed record DroppedReading(
    [property: Id(0)] string Telemetry, [property: Id(1)] ReadingOutcome Outcome, [property: Id(2)] string Detail);
