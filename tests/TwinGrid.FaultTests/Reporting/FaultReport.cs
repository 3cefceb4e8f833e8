using System.Text.Json;
using System.Text.Json.Serialization;
using TwinGrid.FaultTests.Network;

namespace TwinGrid.FaultTests.Reporting;

/// <summary>What a run showed, in the order in which it is published.</summary>
internal sealed record FaultReport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Readings that were acknowledged.</summary>
    public required long Acknowledged { get; init; }

    /// <summary>Faults that hit, by kind.</summary>
    public required IReadOnlyDictionary<string, int> Faults { get; init; }

    /// <summary>C1.</summary>
    public required long Lost { get; init; }

    /// <summary>C2.</summary>
    public required long Duplicated { get; init; }

    /// <summary>C3.</summary>
    public required long Phantom { get; init; }

    /// <summary>C4.</summary>
    public required long OutOfOrder { get; init; }

    /// <summary>C6.</summary>
    public required long StaleReads { get; init; }

    /// <summary>C7.</summary>
    public required long ZombieCommits { get; init; }

    /// <summary>Turns that silos were refused, counted by their own metrics as last seen in each life.</summary>
    public required long Fenced { get; init; }

    /// <summary>Commands that were accepted.</summary>
    public required long CommandsIssued { get; init; }

    /// <summary>Those that ended as done by their devices.</summary>
    public required long CommandsSucceeded { get; init; }

    /// <summary>Those that ended as expired.</summary>
    public required long CommandsExpired { get; init; }

    /// <summary>Those that ended as called back.</summary>
    public required long CommandsCancelled { get; init; }

    /// <summary>Commands that devices did.</summary>
    public required long CommandsExecuted { get; init; }

    /// <summary>C8: executions beyond the first.</summary>
    public required long CommandsDoubled { get; init; }

    /// <summary>For how long affected twins took no reading, by kind of fault.</summary>
    public required IReadOnlyDictionary<string, UnavailabilityFigures?> UnavailableMs { get; init; }

    /// <summary>The most memory of one silo.</summary>
    public required double PeakRssMiB { get; init; }

    /// <summary>What repeats the run.</summary>
    public required IReadOnlyList<int> Seeds { get; init; }

    /// <summary>The machine in a line.</summary>
    public required string Machine { get; init; }

    /// <summary>From the fault's own end to the first reading that was taken again.</summary>
    public required IReadOnlyDictionary<string, UnavailabilityFigures?> ResumedMs { get; init; }

    /// <summary>C5: twins that are not what their log says.</summary>
    public required long Divergent { get; init; }

    /// <summary>C8: accepted and without an end.</summary>
    public required long CommandsLost { get; init; }

    /// <summary>C8: executed when their time was over.</summary>
    public required long CommandsExecutedExpired { get; init; }

    /// <summary>C8: given to their devices when their time was over.</summary>
    public required long CommandsReceivedExpired { get; init; }

    /// <summary>C8: did not come to the end that became of them.</summary>
    public required long CommandsWrongEnd { get; init; }

    /// <summary>C12: what did not recover.</summary>
    public required long Unrecovered { get; init; }

    /// <summary>Lives of silos that were fenced.</summary>
    public required long FencedLives { get; init; }

    /// <summary>Fenced lives in whose name a commit was tried.</summary>
    public required long ZombieAttempts { get; init; }

    /// <summary>Epochs that devices began with messages of an older one still to send.</summary>
    public required long RestartsWithMessages { get; init; }

    /// <summary>Messages that devices sent again.</summary>
    public required long SentAgain { get; init; }

    /// <summary>Reads that were answered.</summary>
    public required long Reads { get; init; }

    /// <summary>Those that said themselves that they may not survive; they promise nothing.</summary>
    public required long ReadsNotDurable { get; init; }

    /// <summary>Those that said that there is no such twin.</summary>
    public required long ReadsUnknown { get; init; }

    /// <summary>Reads that were refused or not answered.</summary>
    public required long ReadsRefused { get; init; }

    /// <summary>Silos that ended though nobody told them to, and were started again.</summary>
    public required IReadOnlyList<string> UnexpectedEnds { get; init; }

    /// <summary>What the parties reached each other through.</summary>
    public required NetworkKind Network { get; init; }

    /// <summary>What is wrong on purpose; none in a run that counts.</summary>
    public required string Mutant { get; init; }

    /// <summary>Why this is no result; null where it is one.</summary>
    public required string? Refused { get; init; }

    /// <summary>The first violations in words.</summary>
    public required IReadOnlyList<string> Violations { get; init; }

    /// <summary>True when nothing was found.</summary>
    [JsonIgnore]
    public bool IsClean => Lost + Duplicated + Phantom + OutOfOrder + Divergent + StaleReads + ZombieCommits
        + CommandsDoubled + CommandsLost + CommandsExecutedExpired + CommandsReceivedExpired + CommandsWrongEnd
        + Unrecovered == 0;

    /// <summary>The report's text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);
}
