using System.Text.Json.Serialization;

namespace TwinGrid;

/// <summary>
/// Where a command stands. It only moves forward: queued, delivered, in-progress, then one of the ends.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<CommandStatus>))]
public enum CommandStatus : byte
{
    /// <summary>Durable, waiting for its device.</summary>
    [JsonStringEnumMemberName("queued")]
    Queued = 0,

    /// <summary>A session of the device acknowledged it.</summary>
    [JsonStringEnumMemberName("delivered")]
    Delivered = 1,

    /// <summary>The device says that it works on it.</summary>
    [JsonStringEnumMemberName("in-progress")]
    InProgress = 2,

    /// <summary>The device did it. An end.</summary>
    [JsonStringEnumMemberName("succeeded")]
    Succeeded = 3,

    /// <summary>The device could not do it. An end.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed = 4,

    /// <summary>The device would not do it. An end.</summary>
    [JsonStringEnumMemberName("rejected")]
    Rejected = 5,

    /// <summary>Its time ran out. An end.</summary>
    [JsonStringEnumMemberName("expired")]
    Expired = 6,

    /// <summary>It was called back. An end.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled = 7,
}

/// <summary>A command and where it stands. Immutable, thread-safe.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.CommandSnapshot")]
public sealed record CommandSnapshot
{
    /// <summary>A UUIDv7.</summary>
    [Id(0)]
    public required string Id { get; init; }

    /// <summary>Its name.</summary>
    [Id(1)]
    public required string Name { get; init; }

    /// <summary>Its arguments.</summary>
    [Id(2)]
    public RawJson Args { get; init; }

    /// <summary>Where it stands.</summary>
    [Id(3)]
    public CommandStatus Status { get; init; }

    /// <summary>When it was issued.</summary>
    [Id(4)]
    public DateTimeOffset IssuedAt { get; init; }

    /// <summary>After which it is never delivered.</summary>
    [Id(5)]
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When a session of the device acknowledged it.</summary>
    [Id(6)]
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>When it reached its end.</summary>
    [Id(7)]
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>As the device counts.</summary>
    [Id(8)]
    public double? Progress { get; init; }

    /// <summary>What the device gave back.</summary>
    [Id(9)]
    public RawJson? Result { get; init; }

    /// <summary>What the device, or the grid, says of it.</summary>
    [Id(10)]
    public string? Message { get; init; }

    /// <summary>The policy that sent it, or null for one that somebody asked for.</summary>
    [Id(11)]
    public string? Policy { get; init; }

    /// <summary>One sentence of why a policy sent it.</summary>
    [Id(12)]
    public string? Why { get; init; }

    /// <summary>
    /// What its device said of it after it expired or was called back: the status stays, and what the device did is not
    /// lost. Null where nothing came.
    /// </summary>
    [Id(13)]
    public CommandLateResult? LateResult { get; init; }
}

/// <summary>A device's word on a command that had ended without it.</summary>
/// <param name="Status">In progress, succeeded, failed or rejected.</param>
/// <param name="At">When it came.</param>
/// <param name="Result">What the device gave back.</param>
/// <param name="Message">What it says of it.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.CommandLateResult")]
public sealed record CommandLateResult(
    [property: Id(0)] CommandStatus Status,
    [property: Id(1)] DateTimeOffset At,
    [property: Id(2)] RawJson? Result,
    [property: Id(3)] string? Message);

/// <summary>A command as its device reads it on <c>commands/{name}</c>.</summary>
/// <param name="Id">Remember it until <paramref name="ExpiresAt"/> + 24 h, and do a command once.</param>
/// <param name="Name">The command's name; stands in the topic.</param>
/// <param name="Args">Its arguments.</param>
/// <param name="IssuedAt">When it was issued.</param>
/// <param name="ExpiresAt">Never do it after this.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.CommandMessage")]
public sealed record CommandMessage(
    [property: Id(0)] string Id,
    [property: Id(1)] [property: JsonIgnore] string Name,
    [property: Id(2)] RawJson Args,
    [property: Id(3)] DateTimeOffset IssuedAt,
    [property: Id(4)] DateTimeOffset ExpiresAt);

/// <summary>How a request for a command ended.</summary>
public enum CommandRefusal : byte
{
    /// <summary>It is accepted: queued, or known from an earlier call with the same key.</summary>
    None = 0,

    /// <summary>There is no such twin.</summary>
    UnknownTwin = 1,

    /// <summary>The kind declares commands and none of that name.</summary>
    UnknownCommand = 2,

    /// <summary>The idempotency key was used for another command or other arguments.</summary>
    KeyReused = 3,

    /// <summary>The twin has as many open commands as it may.</summary>
    TooMany = 4,

    /// <summary>The store does not answer; try again.</summary>
    Unavailable = 5,
}

/// <summary>How a request to call a command back ended.</summary>
public enum CancelRefusal : byte
{
    /// <summary>It is cancelled, now or before.</summary>
    None = 0,

    /// <summary>There is no such twin.</summary>
    UnknownTwin = 1,

    /// <summary>The twin knows no command of that id, or knows it no more.</summary>
    UnknownCommand = 2,

    /// <summary>Its device has it, or it is on its way: nobody can take it back.</summary>
    Delivered = 3,

    /// <summary>It has ended already.</summary>
    Ended = 4,

    /// <summary>The store does not answer; try again.</summary>
    Unavailable = 5,
}

/// <summary>The answer to a request to call a command back.</summary>
/// <param name="Refusal">Why not, or <see cref="CancelRefusal.None"/>.</param>
/// <param name="Command">The command as it stands, where the twin knows it.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.CancelAnswer")]
public sealed record CancelAnswer(
    [property: Id(0)] CancelRefusal Refusal, [property: Id(1)] CommandSnapshot? Command);

/// <summary>The answer to a request for a command.</summary>
/// <param name="Refusal">Why not, or <see cref="CommandRefusal.None"/>.</param>
/// <param name="Command">The command, where accepted.</param>
[GenerateSerializer, Immutable, Alias("TwinGrid.CommandAnswer")]
public sealed record CommandAnswer(
    [property: Id(0)] CommandRefusal Refusal, [property: Id(1)] CommandSnapshot? Command);
