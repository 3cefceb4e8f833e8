using TwinGrid;

namespace WindFarm.Watching;

/// <summary>The words for where a command stands.</summary>
internal static class CommandWords
{
    /// <summary>The word as the API writes it.</summary>
    public static string Of(CommandStatus status) => status switch
    {
        CommandStatus.Queued => "queued",
        CommandStatus.Delivered => "delivered",
        CommandStatus.InProgress => "in-progress",
        CommandStatus.Succeeded => "succeeded",
        CommandStatus.Failed => "failed",
        CommandStatus.Rejected => "rejected",
        CommandStatus.Expired => "expired",
        _ => "cancelled",
    };
}
