using TwinGrid.Twins.Control;
using TwinGrid.Twins.Modelling;

namespace TwinGrid.Twins.State;

/// <summary>
/// The fold: (state, turn) gives (state, effects). Deterministic and synchronous, without Orleans, clock, chance or
/// I/O, so that the same code runs in a grain, in a test, in recovery and in a what-if. Steps 4 to 6 of the walk.
/// </summary>
internal static class TwinFold
{
    /// <summary>
    /// Goes up when the same inputs would give another state, or the same state other bytes: equality of a refold is
    /// promised within one. What models learn and say, and what alarms keep as their evidence, is part of the state.
    /// </summary>
    /// <remarks>
    /// 1 ignored what a device said of a command that had expired, and took names with <c>$</c> inside components. In 2
    /// a prediction of historical readings could cause a command once they were live again, and alarms had no evidence.
    /// 3 did not know numbers in order for longer than 1,024. In 4 every input ended the commands whose time was over
    /// by its own, a twin that was deleted in a turn took what came behind in it, and ended commands with a key kept
    /// new ones out. In 5 models made something else of first and of missing readings: <c>ProcessMonitor</c>,
    /// <c>PowerCurve</c>, <c>HeartRhythm</c>, <c>TrendToLimit</c>, <c>PowerForecast</c>; <c>RemainingLife</c> believed
    /// every counter, and a state had its models' options as text. In 6 <c>RemainingLife</c> believed the first counter
    /// and each leap within a median life. Turns of an older version are folded by the newest rules: a snapshot of it
    /// is the base of all that follows, and is not compared.
    /// </remarks>
    public const byte Version = 7;

    /// <summary>Applies the inputs of one sender; a turn is one or more such calls and a revision.</summary>
    /// <param name="state">The twin; changed in place.</param>
    /// <param name="header">What else decides the turn.</param>
    /// <param name="inputs">Packed inputs.</param>
    /// <param name="effects">What the outside may hear of.</param>
    /// <returns>The answer to the sender.</returns>
    public static InputAnswer Apply(
        TwinState state, in TurnHeader header, ReadOnlySpan<byte> inputs, TurnEffects effects)
    {
        InputAnswer answer = default;
        InputReader reader = new(inputs);
        while (reader.Next())
        {
            CommandBook.ObeyMode(state, header.Mode, reader.Received, effects);
            ApplyOne(state, header, reader, effects, ref answer);
        }

        return answer;
    }

    /// <summary>When the twin next has something to do of itself, Unix microseconds; null for never.</summary>
    public static long? NextDue(TwinState state, long now)
    {
        long next = Math.Min(
            CommandBook.NextDue(state),
            Math.Min(PolicyRunner.NextDue(state, now), BuiltInAlarms.NextNoData(state, now)));
        return next == long.MaxValue || !state.Exists ? null : next;
    }

    /// <summary>
    /// True for inputs that make a twin that does not exist: readings, properties, the device's own word.
    /// </summary>
    public static bool Creates(ReadOnlySpan<byte> inputs)
    {
        InputReader reader = new(inputs);
        while (reader.Next())
        {
            if (Creates(reader))
            {
                return true;
            }
        }

        return false;
    }

    // That a session begins or ends is no word of the device: the end of one must not bring a deleted twin back.
    private static bool Creates(in InputReader input) => input.Kind switch
    {
        InputKind.Readings or InputKind.ReportedProperties => true,
        InputKind.Presence => input.Json(TwinGridJson.Default.PresenceInput) is { Online: true, Session.Length: 0 },
        _ => false,
    };

    private static void ApplyOne(
        TwinState state, in TurnHeader header, in InputReader input, TurnEffects effects, ref InputAnswer answer)
    {
        if (!state.Exists && Creates(input))
        {
            state.Exists = true;
            effects.Changed = true;
        }
        else if (!state.Exists && input.Kind != InputKind.Presence)
        {
            // Not so of presence: that the device is there comes before the first that it says.
            Refuse(input, ref answer);
            return;
        }

        switch (input.Kind)
        {
            case InputKind.Readings:
                ReadingsFold.Apply(state, header, input.Received, input.Readings(), effects, ref answer);
                break;
            case InputKind.ReportedProperties:
                Hear(state, input.Received, effects);
                PropertyFold.Report(state, input.Body, effects, ref answer);
                PolicyRunner.Run(state, header, input.Received, input.Received, effects);
                break;
            case InputKind.Presence:
                PresenceFold.Apply(state, input.Json(TwinGridJson.Default.PresenceInput), input.Received, effects);
                break;
            case InputKind.CommandRequest or InputKind.CommandDelivered or InputKind.CommandResult
                or InputKind.CommandCancelled:
                ApplyCommand(state, input, effects, ref answer);
                break;
            case InputKind.DesiredProperties:
                PropertyFold.Desire(
                    state, input.Json(TwinGridJson.Default.DesiredPropertiesInput), effects, ref answer);
                if (effects.DesiredChanged)
                {
                    PolicyRunner.Run(state, header, input.Received, input.Received, effects);
                }

                break;
            case InputKind.AlarmAcknowledged:
                Acknowledge(state, input.Json(TwinGridJson.Default.AlarmAcknowledgementInput), effects, ref answer);
                break;
            case InputKind.Tick:
                CommandBook.Expire(state, input.Received, effects);
                PolicyRunner.Tick(state, header, input.Received, effects);
                break;
            case InputKind.ModelOutput:
                ModelOutputInput output = input.Json(TwinGridJson.Default.ModelOutputInput);
                if (ModelRunner.Accept(state, output, effects))
                {
                    PolicyRunner.Run(state, header, input.Received, state.ModelTime, effects);
                }

                break;
            case InputKind.Deleted:
                CommandBook.RecallAll(state, effects);
                effects.Deleted = true;
                effects.Changed = true;
                effects.Recorder?.Deleted();
                state.Forget();
                break;
            default:
                throw Unknown(input);
        }
    }

    // The twin was deleted earlier in the turn, or what makes it comes behind: nobody is promised what it cannot do.
    private static void Refuse(in InputReader input, ref InputAnswer answer)
    {
        switch (input.Kind)
        {
            case InputKind.CommandRequest:
                answer.Refusal = CommandRefusal.UnknownTwin;
                break;
            case InputKind.CommandCancelled:
                answer.CancelRefusal = CancelRefusal.UnknownTwin;
                break;
            case InputKind.DesiredProperties:
                answer.Desired = new DesiredAnswer(DesiredRefusal.UnknownTwin, null, []);
                break;
            case InputKind.CommandResult:
                string id = input.Json(TwinGridJson.Default.CommandResultInput).Id;
                answer.Drop($"results/{id}", ReadingOutcome.Malformed, "there is no such twin");
                break;
            case InputKind.CommandDelivered or InputKind.AlarmAcknowledged or InputKind.Tick
                or InputKind.ModelOutput or InputKind.Deleted:
                break;
            default:
                throw Unknown(input);
        }
    }

    private static TwinGridException Unknown(in InputReader input) =>
        new($"an input of kind {input.Kind} is not known to this version of TwinGrid");

    private static void ApplyCommand(
        TwinState state, in InputReader input, TurnEffects effects, ref InputAnswer answer)
    {
        switch (input.Kind)
        {
            case InputKind.CommandRequest:
                CommandBook.Request(
                    state, input.Json(TwinGridJson.Default.CommandRequestInput), input.Received, effects, ref answer);
                break;
            case InputKind.CommandDelivered:
                string id = input.Json(TwinGridJson.Default.CommandDeliveredInput).Id;
                CommandBook.Deliver(state, id, input.Received, effects);
                break;
            case InputKind.CommandResult:
                Hear(state, input.Received, effects);
                CommandBook.Answer(
                    state, input.Json(TwinGridJson.Default.CommandResultInput), input.Received, effects, ref answer);
                break;
            default:
                string called = input.Json(TwinGridJson.Default.CommandCancelledInput).Id;
                CommandBook.Cancel(state, called, input.Received, effects, ref answer);
                break;
        }
    }

    private static void Hear(TwinState state, long received, TurnEffects effects)
    {
        state.LastSeen = Math.Max(state.LastSeen, received);
        effects.Changed = true;
    }

    private static void Acknowledge(
        TwinState state, AlarmAcknowledgementInput input, TurnEffects effects, ref InputAnswer answer)
    {
        if (state.FindAlarm(input.Alarm) is not { } alarm)
        {
            return;
        }

        answer.Alarm = alarm;
        (alarm.Acknowledged, alarm.AcknowledgedBy, alarm.Note) = (true, input.By, input.Note);
        effects.AddAlarm(alarm);
    }
}
