namespace TwinGrid.Twins.State;

/// <summary>A command of one twin, mutable; times in Unix microseconds.</summary>
internal sealed class CommandRecord
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Args { get; init; }

    public required long IssuedAt { get; init; }

    public required long ExpiresAt { get; init; }

    public string? IdempotencyKey { get; init; }

    /// <summary>The policy that sent it, or null.</summary>
    public string? Policy { get; init; }

    public string? Why { get; init; }

    public CommandStatus Status { get; set; }

    public long? DeliveredAt { get; set; }

    public long? CompletedAt { get; set; }

    public double? Progress { get; set; }

    public string? Result { get; set; }

    public string? Message { get; set; }

    /// <summary>What its device said of it after it expired or was called back; null where nothing.</summary>
    public LateResult? Late { get; set; }

    /// <summary>True once it has reached one of its ends.</summary>
    public bool IsClosed => Status >= CommandStatus.Succeeded;

    public CommandMessage ToMessage() => new(
        Id,
        Name,
        new RawJson(Args),
        UnixMicroseconds.ToDateTimeOffset(IssuedAt),
        UnixMicroseconds.ToDateTimeOffset(ExpiresAt));

    public CommandSnapshot ToSnapshot() => new()
    {
        Id = Id,
        Name = Name,
        Args = new RawJson(Args),
        Status = Status,
        IssuedAt = UnixMicroseconds.ToDateTimeOffset(IssuedAt),
        ExpiresAt = UnixMicroseconds.ToDateTimeOffset(ExpiresAt),
        DeliveredAt = Moment(DeliveredAt),
        CompletedAt = Moment(CompletedAt),
        Progress = Progress,
        Result = Result is null ? null : new RawJson(Result),
        Message = Message,
        Policy = Policy,
        Why = Why,
        LateResult = Late is null
            ? null
            : new CommandLateResult(
                Late.Status,
                UnixMicroseconds.ToDateTimeOffset(Late.At),
                Late.Result is null ? null : new RawJson(Late.Result),
                Late.Message),
    };

    private static DateTimeOffset? Moment(long? time) => time is { } t ? UnixMicroseconds.ToDateTimeOffset(t) : null;
}

/// <summary>What a device said of a command that had ended without it.</summary>
/// <param name="Status">In progress, or one of a device's ends.</param>
/// <param name="At">When it came, Unix microseconds.</param>
/// <param name="Result">What the device gave back, JSON.</param>
/// <param name="Message">What it says of it.</param>
internal sealed record LateResult(CommandStatus Status, long At, string? Result, string? Message);
