namespace TwinGrid.Client;

/// <summary>
/// The grid did not take a command, which is therefore not queued anywhere. What a device does with one that was taken
/// is no exception: see <see cref="CommandSnapshot.Status"/>.
/// </summary>
public sealed class CommandRefusedException : TwinGridException
{
    /// <summary>Makes an exception without a message.</summary>
    public CommandRefusedException()
    {
    }

    /// <summary>Makes an exception from a whole message.</summary>
    public CommandRefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with its cause.</summary>
    public CommandRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal CommandRefusedException(TwinId twin, string command, CommandRefusal reason)
        : base($"the command {command} for {twin} was refused: {Explain(reason)}")
    {
        Reason = reason;
    }

    /// <summary>Why.</summary>
    public CommandRefusal Reason { get; }

    private static string Explain(CommandRefusal reason) => reason switch
    {
        CommandRefusal.UnknownTwin => "there is no such twin; it begins with its first reading",
        CommandRefusal.UnknownCommand => "its kind declares commands, and none of that name",
        CommandRefusal.KeyReused => "the idempotency key was used for another command or other arguments",
        CommandRefusal.TooMany => "the twin has as many open commands as it may; wait for some to end",
        _ => "the store does not answer; send it again",
    };
}
