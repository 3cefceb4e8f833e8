using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>What an input of a twin is. The numbers stand in the durable log: never reuse one.</summary>
public enum InputKind : byte
{
    /// <summary>Readings of one device message; the body is packed, see <see cref="PackedInputs"/>.</summary>
    Readings = 1,

    /// <summary>A merge patch of the reported properties; the body is the patch (RFC 7396).</summary>
    ReportedProperties = 2,

    /// <summary>A device's answer to a command; the body is a <see cref="CommandResultInput"/>.</summary>
    CommandResult = 3,

    /// <summary>A device came or went; the body is a <see cref="PresenceInput"/>.</summary>
    Presence = 4,

    /// <summary>Somebody asks for a command; the body is a <see cref="CommandRequestInput"/>.</summary>
    CommandRequest = 5,

    /// <summary>A device's session acknowledged a command; the body is a <see cref="CommandDeliveredInput"/>.</summary>
    CommandDelivered = 6,

    /// <summary>A person acknowledged an alarm; the body is an <see cref="AlarmAcknowledgementInput"/>.</summary>
    AlarmAcknowledged = 7,

    /// <summary>Time passed and something was due; no body.</summary>
    Tick = 8,

    /// <summary>The twin was deleted; no body.</summary>
    Deleted = 9,

    /// <summary>
    /// Somebody asks for other desired properties; the body is a <see cref="DesiredPropertiesInput"/>.
    /// </summary>
    DesiredProperties = 10,

    /// <summary>A command is called back; the body is a <see cref="CommandCancelledInput"/>.</summary>
    CommandCancelled = 11,

    /// <summary>Reserved: values with a valid time in the future, from outside.</summary>
    Forecast = 12,

    /// <summary>What a <see cref="BatchedModel"/> said; the body is a <see cref="ModelOutputInput"/>.</summary>
    ModelOutput = 13,
}

/// <summary>A device's answer to a command.</summary>
/// <param name="Id">The command's id.</param>
/// <param name="Status">in-progress, succeeded, failed or rejected.</param>
/// <param name="Progress">0 to 1, or as the device counts.</param>
/// <param name="Result">What it gave back.</param>
/// <param name="Message">A sentence for people.</param>
public sealed record CommandResultInput(
    string Id, CommandStatus Status, double? Progress = null, RawJson? Result = null, string? Message = null);

/// <summary>A device came or went.</summary>
/// <param name="Online">True, false, or null where it cannot be known.</param>
/// <param name="Session">
/// The MQTT session that says so; empty when the device itself said it on its <c>online</c> topic.
/// </param>
public sealed record PresenceInput(bool? Online, string Session);

/// <summary>Somebody asks for a command.</summary>
/// <param name="Id">A UUIDv7 given by the caller's side, so that a retry is the same command.</param>
/// <param name="Name">The command's name.</param>
/// <param name="Args">Its arguments.</param>
/// <param name="ExpiresAt">Unix microseconds after which it is never delivered.</param>
/// <param name="IdempotencyKey">The caller's key, if any: remembered for 24 h.</param>
public sealed record CommandRequestInput(
    string Id, string Name, RawJson Args, long ExpiresAt, string? IdempotencyKey = null);

/// <summary>A device's own session acknowledged a command.</summary>
/// <param name="Id">The command's id.</param>
public sealed record CommandDeliveredInput(string Id);

/// <summary>A command is called back, if no device has it.</summary>
/// <param name="Id">The command's id.</param>
public sealed record CommandCancelledInput(string Id);

/// <summary>Somebody asks for other desired properties.</summary>
/// <param name="Id">Names the write, so that one that is sent twice is done once.</param>
/// <param name="Patch">A JSON merge patch (RFC 7396) of the desired properties; an object.</param>
/// <param name="IfMatch">The write is done only at one of these revisions; null for at any.</param>
public sealed record DesiredPropertiesInput(string Id, RawJson Patch, IReadOnlyList<long>? IfMatch = null);

/// <summary>What a <see cref="BatchedModel"/> said of a twin.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Version">Its version.</param>
/// <param name="At">The source time of the newest reading in its row, Unix microseconds.</param>
/// <param name="Outputs">What it said; may be NaN or infinite.</param>
public sealed record ModelOutputInput(
    string Model,
    int Version,
    long At,
    [property: JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)] double[] Outputs)
{
    /// <summary>True when a reading in its row was historical: what was said of it never causes a command.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Historical { get; init; }

    /// <summary>
    /// The revision of the definition that it was asked under; said to another it changes nothing. 0, in logs of before
    /// this was kept, for any.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Definition { get; init; }

    /// <summary>True when the model could not be run on this row: <see cref="Outputs"/> is empty.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Failed { get; init; }

    /// <summary>What <see cref="BatchedModel.WriteReason"/> kept of the row; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
    public double[]? Reason { get; init; }
}

/// <summary>A person acknowledged an alarm.</summary>
/// <param name="Alarm">The alarm's name.</param>
/// <param name="By">Who.</param>
/// <param name="Note">What they wrote.</param>
public sealed record AlarmAcknowledgementInput(string Alarm, string By, string? Note = null);
