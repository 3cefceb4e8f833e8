using TwinGrid.Twins.Catalogue;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins;

/// <content>How a twin that does not exist yet comes to be.</content>
internal sealed partial class TwinTurns
{
    /// <summary>
    /// Decides on a twin that does not exist: true when its first turn may run now. Listing a twin that has no turn
    /// is harmless, a turn of a twin that no listing shows is not, so the catalogue comes first.
    /// </summary>
    private bool Admit()
    {
        IngestStatus status = _held.Exists(item => TwinFold.Creates(item.Inputs.Span))
            ? _runtime.Gate.Admit(State.Twin)
            : IngestStatus.UnknownTwin;
        if (status == IngestStatus.Accepted)
        {
            _admitting = true;
            EnterCatalogueAsync().Ignore();
            return false;
        }

        _turn = _held;
        _held = [];
        CompleteTurn(status);
        Deactivate();
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
            _turn = _held;
            _held = [];
            CompleteTurn(IngestStatus.Unavailable);
        }

        _admitting = false;
        Drain();
    }
}
