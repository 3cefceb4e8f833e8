using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Ingest;

/// <summary>Inputs of one sender on their way through a twin's turn.</summary>
internal sealed class IngestItem(ReadOnlyMemory<byte> inputs)
{
    private readonly TaskCompletionSource<IngestItem> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The packed inputs.</summary>
    public ReadOnlyMemory<byte> Inputs { get; } = inputs;

    /// <summary>Ends when the inputs are committed, refused, or must go elsewhere.</summary>
    public Task<IngestItem> Done => _done.Task;

    /// <summary>What became of them as a whole.</summary>
    public IngestStatus Status { get; private set; }

    /// <summary>The twin's revision after them.</summary>
    public long Revision { get; private set; }

    /// <summary>What the fold answered.</summary>
    public InputAnswer Answer { get; set; }

    /// <summary>True when the twin left this silo before its turn: nothing was applied, send it again.</summary>
    public bool Moved { get; private set; }

    public IngestResult ToResult() => new(Status, Revision, Answer.Applied, Answer.Seen, Answer.Dropped);

    public void Complete(IngestStatus status, long revision)
    {
        Status = status;
        Revision = revision;
        _done.TrySetResult(this);
    }

    public void Move()
    {
        Moved = true;
        Complete(IngestStatus.Unavailable, 0);
    }
}
