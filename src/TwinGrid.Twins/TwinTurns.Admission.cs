using TwinGrid.Twins.Catalogue;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <content>How a twin that does not exist yet comes to be.</content>
internal sealed partial class TwinTurns
{
    /// <summary>
    /// Decides on a twin that does not exist, then drains again. Listing a twin that has no turn is harmless, a turn
    /// of a twin that no listing shows is not, so the catalogue comes first.
    /// </summary>
    private void Admit()
    {
        IngestStatus status = Creates() ? _runtime.Gate.Admit(State.Twin) : IngestStatus.UnknownTwin;
        if (status == IngestStatus.Accepted)
        {
            _isAdmitting = true;
            EnterCatalogueAsync().Ignore();
            return;
        }

        if (!_runtime.Lease.IsHeld)
        {
            _isAdmitting = true;
            AdmitConfirmedAsync().Ignore();
            return;
        }

        _queue.FinishAll(status, _revision);
        _inbox.Schedule();
        Deactivate();
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

    private async Task EnterCatalogueAsync()
    {
        try
        {
            await _runtime.Grains.GetGrain<ITwinCatalogue>(CatalogueParts.KeyOf(State.Twin)).AddAsync(State.Twin);
            _admitted = true;
        }
#pragma warning disable CA1031 // Whatever failed, those who wait must hear of it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _runtime.LogCatalogueFailed(e, State.Twin);
            _queue.FinishAll(IngestStatus.Unavailable, _revision);
        }

        _isAdmitting = false;
        Drain();
    }
}
