namespace TwinGrid;

/// <summary>
/// Where inputs go: a twin's id, and what the road to the twin remembers of it. Keep one per twin and use it again, so
/// that the next message finds its way without a look-up. Thread-safe.
/// </summary>
/// <param name="twin">The twin.</param>
public sealed class TwinAddress(TwinId twin)
{
    private object? _hint;

    /// <summary>The twin.</summary>
    public TwinId Twin { get; } = twin;

    /// <summary>What the road to the twin remembers: a hint that may be out of date. The road's own.</summary>
    public object? Hint
    {
        get => Volatile.Read(ref _hint);
        set => Volatile.Write(ref _hint, value);
    }
}

/// <summary>
/// Packed inputs on their way to one twin. Whoever sends them derives from this class and hears what became of them;
/// the object itself waits in the twin's inbox, so a message costs no other and may be used again afterwards.
/// </summary>
/// <remarks>Internal to the grid, public because two projects meet here.</remarks>
public abstract class IngestMessage
{
    /// <summary>Where the inputs go. Set before sending, unchanged until <see cref="Finished"/>.</summary>
    public abstract TwinAddress Address { get; }

    /// <summary>
    /// The packed inputs (<see cref="PackedInputs"/>). Set before sending, untouched until <see cref="Finished"/>.
    /// </summary>
    public abstract ReadOnlyMemory<byte> Inputs { get; }

    /// <summary>
    /// Called once, when the inputs are committed (with <c>Mqtt:Acknowledge=Applied</c>: applied) or cannot be.
    /// </summary>
    /// <remarks>
    /// It runs on any thread, often inside a twin's turn, possibly before <see cref="ITwinIngest.Send"/> returns: it
    /// must be short and may neither block nor throw. From the call on nobody but the sender uses the message.
    /// </remarks>
    /// <param name="result">What became of them.</param>
    public abstract void Finished(in IngestResult result);
}
