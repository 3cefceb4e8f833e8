namespace TwinGrid;

/// <summary>Inputs whose sender waits for them alone.</summary>
internal sealed class AwaitedMessage(TwinAddress address, ReadOnlyMemory<byte> inputs) : IngestMessage
{
    // Whoever waits goes on elsewhere, not inside a twin's turn.
    private readonly TaskCompletionSource<IngestResult> _result =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override TwinAddress Address => address;

    public override ReadOnlyMemory<byte> Inputs => inputs;

    /// <summary>Ends when it is known what became of the inputs.</summary>
    public Task<IngestResult> Result => _result.Task;

    public override void Finished(in IngestResult result) => _result.TrySetResult(result);
}
