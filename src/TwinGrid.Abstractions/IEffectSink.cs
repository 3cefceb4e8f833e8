namespace TwinGrid;

/// <summary>What sort of thing a twin tells the outside.</summary>
public enum EffectKind : byte
{
    /// <summary>Its snapshot changed; <see cref="TwinEffect.State"/>.</summary>
    State = 1,

    /// <summary>A model's prediction changed; <see cref="TwinEffect.Prediction"/>.</summary>
    Prediction = 2,

    /// <summary>An alarm changed; <see cref="TwinEffect.Alarm"/>. Retained.</summary>
    Alarm = 3,

    /// <summary>A command for the device; <see cref="TwinEffect.Command"/>. QoS 1, never retained.</summary>
    Command = 4,

    /// <summary>The twin was deleted: retained values go.</summary>
    Deleted = 5,

    /// <summary>Its desired properties; <see cref="TwinEffect.Desired"/>. Retained.</summary>
    Desired = 6,

    /// <summary>A command is called back; <see cref="TwinEffect.Command"/> must not be sent any more.</summary>
    Recall = 7,
}

/// <summary>One committed change that the outside may hear of; exactly the member of its kind is set.</summary>
[GenerateSerializer, Immutable, Alias("TwinGrid.TwinEffect")]
public sealed record TwinEffect
{
    /// <summary>Whose.</summary>
    [Id(0)]
    public required TwinId Twin { get; init; }

    /// <summary>What.</summary>
    [Id(1)]
    public required EffectKind Kind { get; init; }

    /// <summary>The name of the prediction's model, of the alarm or of the command; empty for state.</summary>
    [Id(2)]
    public string Name { get; init; } = "";

    /// <summary>The snapshot.</summary>
    [Id(3)]
    public TwinSnapshot? State { get; init; }

    /// <summary>The prediction.</summary>
    [Id(4)]
    public PredictionSnapshot? Prediction { get; init; }

    /// <summary>The alarm.</summary>
    [Id(5)]
    public AlarmSnapshot? Alarm { get; init; }

    /// <summary>The command.</summary>
    [Id(6)]
    public CommandMessage? Command { get; init; }

    /// <summary>
    /// The one subscriber that asked for it (<see cref="ITwin.RepublishAsync"/>), or null for whoever listens.
    /// </summary>
    [Id(7)]
    public string? Recipient { get; init; }

    /// <summary>The desired properties.</summary>
    [Id(8)]
    public DesiredSnapshot? Desired { get; init; }

    /// <summary>
    /// True for a command that was told before and still waits: only for its device, which may have missed it, and not
    /// for those who observe.
    /// </summary>
    [Id(9)]
    public bool IsRepeated { get; init; }
}

/// <summary>
/// Where a twin's committed effects leave the silo: the MQTT gateway implements it. Step 7 of the walk. Internal to
/// the grid, public because two projects meet here; thread-safe.
/// </summary>
public interface IEffectSink
{
    /// <summary>
    /// True when somebody would hear such an effect, so that snapshots that nobody reads are not built.
    /// </summary>
    bool Wants(TwinId twin, EffectKind kind, string name);

    /// <summary>Takes effects, in order; never blocks and never throws for a slow subscriber.</summary>
    void Publish(IReadOnlyList<TwinEffect> effects);

    /// <summary>
    /// Takes a command back from whoever waits to send it, after every effect that was published before. What was
    /// withdrawn is not sent any more, unless it is published anew.
    /// </summary>
    /// <param name="command">An effect of kind <see cref="EffectKind.Recall"/> with the command.</param>
    /// <returns>False when it is on its way to its device, or there already, and cannot be taken back.</returns>
    Task<bool> TryRecallAsync(TwinEffect command) => Task.FromResult(true);

    /// <summary>
    /// Ends when what was published before has left this silo, or soon after: a twin that goes waits for it, so that
    /// what its next activation tells from another silo comes later.
    /// </summary>
    Task LeaveAsync() => Task.CompletedTask;
}
