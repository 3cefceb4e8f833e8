using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <content>How a twin that does not exist yet comes to be.</content>
internal sealed partial class TwinTurns
{
    /// <summary>Decides on a twin that does not exist: it may come to be, or what waits is refused.</summary>
    private bool TryAdmit()
    {
        IngestStatus status = Creates() ? _runtime.Gate.Admit(State.Twin) : IngestStatus.UnknownTwin;
        _admitted = status == IngestStatus.Accepted;
        if (_admitted)
        {
            return true;
        }

        if (!_runtime.Lease.IsHeld)
        {
            _isAdmitting = true;
            AdmitConfirmedAsync().Ignore();
            return false;
        }

        _queue.FinishAll(status, _revision);
        _inbox.Schedule();
        Deactivate();
        return false;
    }

    private bool Creates()
    {
        foreach (IngestMessage message in _queue.Messages)
        {
            if (TwinFold.Creates(message.Inputs.Span))
            {
                return true;
            }
        }

        return false;
    }
}
