using Orleans.Runtime;

namespace TwinGrid.Twins;

/// <content>How a twin goes to another silo.</content>
internal sealed partial class TwinTurns
{
    /// <summary>True when the twin goes: whoever waits here for something is to ask again, at its new place.</summary>
    public bool IsGoing { get; private set; }

    /// <summary>
    /// The twin's place is on another silo. Calls that wait for something end, for an activation goes only when no
    /// call runs; what is under way is committed, and the next message or call opens the twin where it belongs.
    /// </summary>
    internal void Go()
    {
        if (_isClosed || IsGoing)
        {
            return;
        }

        IsGoing = true;
        Context.Deactivate(new DeactivationReason(
            DeactivationReasonCode.ApplicationRequested, "the twin's place is on another silo"));
        _watch?.Close();
        CommandsChanged();
    }
}
