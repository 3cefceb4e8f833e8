namespace TwinGrid.Client;

/// <summary>A command that the grid took. Thread-safe.</summary>
public sealed class CommandHandle
{
    /// <summary>How long one call waits for the command's end; the grid waits no longer than 20 s.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(15);

    private readonly GridConnection _connection;

    internal CommandHandle(GridConnection connection, TwinId twin, CommandSnapshot command)
    {
        _connection = connection;
        Twin = twin;
        Accepted = command;
    }

    /// <summary>Whose it is.</summary>
    public TwinId Twin { get; }

    /// <summary>Its id, a UUIDv7.</summary>
    public string Id => Accepted.Id;

    /// <summary>How it stood when the grid took it; a repeat with the same key may already have ended.</summary>
    public CommandSnapshot Accepted { get; }

    /// <summary>How it stands now.</summary>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time.</exception>
    /// <exception cref="TwinGridException">The twin does not know it any more.</exception>
    public async Task<CommandSnapshot> GetAsync(CancellationToken cancellationToken = default) =>
        Known(await _connection.CallAsync(grains => Grain(grains).GetCommandAsync(Id), cancellationToken));

    /// <summary>
    /// Waits for its end: succeeded, failed, rejected, expired or cancelled. One that is not delivered expires by
    /// itself; one that its device works on may take as long as the device likes, so pass a token with a time.
    /// </summary>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time; wait again.</exception>
    /// <exception cref="TwinGridException">The twin does not know it any more.</exception>
    public async Task<CommandSnapshot> WaitAsync(CancellationToken cancellationToken = default)
    {
        CommandSnapshot command = Accepted;
        while (command.Status < CommandStatus.Succeeded)
        {
            command = Known(await _connection.CallAsync(
                grains => Grain(grains).WaitForCommandAsync(Id, Wait), Wait, cancellationToken));
        }

        return command;
    }

    /// <summary>
    /// Calls it back. One that its device has, or that is on its way there, cannot be called back; what is told to be
    /// cancelled is never delivered.
    /// </summary>
    /// <returns>How it ended, and the command as it stands; <see cref="CancelRefusal.None"/> says cancelled.</returns>
    /// <exception cref="TwinGridUnavailableException">No silo answered in time; try again.</exception>
    /// <exception cref="TwinGridException">The twin does not know it any more.</exception>
    public async Task<CancelAnswer> CancelAsync(CancellationToken cancellationToken = default)
    {
        CancelAnswer answer = await _connection.CallAsync(
            async grains => await Grain(grains).CancelAsync(Id) is { Refusal: not CancelRefusal.Unavailable } settled
                ? settled
                : throw new TwinGridUnavailableException("the store does not answer"),
            cancellationToken);
        Known(answer.Command);
        return answer;
    }

    private ITwin Grain(IGrainFactory grains) => grains.GetGrain<ITwin>(Twin.ToGrainKey());

    private CommandSnapshot Known(CommandSnapshot? command) =>
        command ?? throw new TwinGridException($"twin {Twin} does not know the command {Id} any more");
}
