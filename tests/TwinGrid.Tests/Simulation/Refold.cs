using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Simulation;

/// <summary>A twin made again from the first turn of its log on, one turn at a time, without any snapshot.</summary>
internal sealed class Refold(TwinId twin)
{
    public TwinState State { get; } = new(twin, SimulatedKind.Registry.Current(twin.Kind));

    public TurnEffects Effects { get; } = new();

    /// <summary>How many commands of a twin have not ended.</summary>
    public static int OpenCommands(TwinId twin, TwinRows rows)
    {
        Refold refold = new(twin);
        rows.Turns.ForEach(refold.Take);
        return refold.State.Commands.Count(command => !command.IsClosed);
    }

    public void Take(TwinTurn turn)
    {
        Effects.Clear();
        TurnHeader header = TurnHeader.Read(turn.Inputs.Span);
        TwinFold.Apply(State, header, turn.Inputs.Span[TurnHeader.Size..], Effects);
        State.Revision = turn.Revision;
    }
}
