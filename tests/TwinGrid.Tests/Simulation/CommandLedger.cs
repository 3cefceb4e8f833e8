using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Simulation;

/// <summary>Every command that a log issued, against what was asked for and what devices did.</summary>
internal sealed class CommandLedger(Schedule schedule, Action<bool, string> check)
{
    private const long Grace = 10 * UnixMicroseconds.PerSecond;

    private readonly Dictionary<string, (TwinId Twin, CommandRecord Record)> _issued = [];
    private readonly Dictionary<string, long> _delivered = [];
    private readonly Dictionary<string, long> _answered = [];

    private Journal Journal => schedule.Journal;

    /// <summary>Takes what a turn of the log did.</summary>
    public void Take(TwinId twin, TwinTurn turn, TurnEffects effects)
    {
        foreach (CommandRecord command in effects.Deliveries)
        {
            check(
                _issued.TryAdd(command.Id, (twin, command)) || Journal.Deleted.Contains(twin),
                $"C8 command {command.Id} was issued twice");
        }

        InputReader inputs = new(turn.Inputs.Span[TurnHeader.Size..]);
        while (inputs.Next())
        {
            switch (inputs.Kind)
            {
                case InputKind.CommandDelivered:
                    _delivered.TryAdd(
                        inputs.Json(TwinGridJson.Default.CommandDeliveredInput).Id, inputs.Received);
                    break;
                case InputKind.CommandResult:
                    _answered.TryAdd(inputs.Json(TwinGridJson.Default.CommandResultInput).Id, inputs.Received);
                    break;
            }
        }
    }

    public void Judge(bool isDone)
    {
        schedule.Counts.Commands += _issued.Count;
        foreach (Intention intention in Journal.Intentions.Where(i => !Journal.Deleted.Contains(i.Twin)))
        {
            string[] ids = [.. _issued.Values.Where(i => i.Record.Args == intention.Args).Select(i => i.Record.Id)];
            check(ids.Length <= 1, $"C8 what was wanted once was issued {ids.Length} times: {intention.Args}");
            check(!intention.Accepted || ids.Length > 0, $"C8 an accepted command is lost: {intention.Args}");
        }

        foreach (string id in Journal.ToldCommands.Union(Journal.Executions.Keys))
        {
            check(_issued.ContainsKey(id), $"C3 C8 command {id} was told and never committed");
        }

        foreach ((TwinId twin, CommandRecord record) in _issued.Values)
        {
            if (!Journal.Deleted.Contains(twin) && isDone)
            {
                JudgeOne(record);
            }
        }
    }

    private void JudgeOne(CommandRecord command)
    {
        bool executed = Journal.Executions.ContainsKey(command.Id);
        long due = _delivered.TryGetValue(command.Id, out long delivered) && delivered < command.ExpiresAt
            ? command.ExpiresAt + Grace
            : command.ExpiresAt;
        bool isAnswered = _answered.TryGetValue(command.Id, out long answered);
        switch (command.Status)
        {
            case CommandStatus.Succeeded:
                check(executed, $"C8 command {command.Id} succeeded and nobody did it");
                check(answered < due, $"C8 command {command.Id}, answered {answered} after {due}, is called succeeded");
                break;
            case CommandStatus.Expired when executed:
                // Its answer came when its time was over; or it came in time to a silo that lost the race for the turn
                // to another, where the twin had ended it meanwhile. What the device did stands beside it.
                check(
                    schedule.MayBeTwo || answered >= due,
                    $"C8 command {command.Id}, answered {answered} before {due}, is called expired");
                check(
                    isAnswered && command.Late is { Status: CommandStatus.Succeeded },
                    $"C8 what was done of command {command.Id}, which expired, is not told");
                schedule.Counts.ExecutedAndExpired++;
                break;
            case CommandStatus.Expired:
                schedule.Counts.Expired++;
                break;
            default:
                check(false, $"C8 command {command.Id} ended as {command.Status}");
                break;
        }
    }
}
