using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Ingest;

/// <summary>
/// Inputs that the activation itself posts, for a grain call or of its own accord; hears the fold's answer too.
/// </summary>
internal sealed class TwinCall(TwinId twin, ReadOnlyMemory<byte> inputs) : IngestMessage
{
    // The call goes on in its own time, not inside the turn.
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override TwinAddress Address { get; } = new(twin);

    public override ReadOnlyMemory<byte> Inputs => inputs;

    /// <summary>Ends when the inputs are committed, refused, or given back.</summary>
    public Task Done => _done.Task;

    /// <summary>What became of them; unavailable when they were given back.</summary>
    public IngestResult Result { get; private set; } = new(IngestStatus.Unavailable);

    /// <summary>What the fold answered; set before they finish.</summary>
    public InputAnswer Answer { get; set; }

    /// <summary>True when the activation went before their turn: nothing was applied, call again.</summary>
    public bool IsGivenBack { get; private set; }

    public override void Finished(in IngestResult result)
    {
        Result = result;
        _done.TrySetResult();
    }

    /// <summary>The activation goes; a call cannot be sent on, its caller asks again.</summary>
    public void GiveBack()
    {
        IsGivenBack = true;
        _done.TrySetResult();
    }
}
