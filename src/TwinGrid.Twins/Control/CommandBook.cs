using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Control;

/// <summary>
/// The commands of a twin: queued, delivered, in progress, ended. A command only moves forward; what ended never
/// changes. What a device says of one that it was too late for is kept beside it. Pure.
/// </summary>
/// <remarks>
/// Whether a device was in time is judged by when its word reached the grid, never by what was folded first: only a
/// tick ends what nobody answered, and ticks wait for what is under way to the twin. An operator's request or a reading
/// of another publisher, which may overtake an answer inside the grid, ends nothing.
/// </remarks>
internal static class CommandBook
{
    /// <summary>
    /// Commands of one twin that people asked for and that have not ended, and as many of its own policies beside them:
    /// neither takes the other's room. A further one is refused.
    /// </summary>
    public const int MostOpen = 64;

    /// <summary>
    /// Commands of one twin that ended and are remembered, without those whose idempotency key is: beyond it the oldest
    /// go.
    /// </summary>
    public const int MostEnded = 128;

    /// <summary>
    /// Idempotency keys of ended commands that are remembered, for a day: beyond it the oldest go.
    /// </summary>
    public const int MostKeys = 1_024;

    /// <summary>
    /// Characters of ended commands with a key that are remembered: beyond it the oldest go, down to
    /// <see cref="MostEnded"/> of them.
    /// </summary>
    private const int MostKeyedWords = 1 << 20;

    /// <summary>Characters of a command's result and of its message that are kept.</summary>
    private const int MostWords = 4_096;

    private const long Day = 24L * 3600 * UnixMicroseconds.PerSecond;

    // A device may check the expiry by a clock that is 2 s off and its answer takes a while to arrive.
    private const long AnswerGrace = 10 * UnixMicroseconds.PerSecond;

    /// <summary>
    /// Queues a command that somebody asks for; the same id or idempotency key again is the same command.
    /// </summary>
    public static void Request(
        TwinState state, CommandRequestInput request, long now, TurnEffects effects, ref InputAnswer answer)
    {
        CommandRecord? known = state.FindCommand(request.Id)
            ?? (request.IdempotencyKey is { } key
                ? state.Commands.Find(c => c.IdempotencyKey == key && now - c.IssuedAt < Day)
                : null);
        if (known is not null)
        {
            bool same = known.Name == request.Name && known.Args == request.Args.ToString();
            answer.Refusal = same ? CommandRefusal.None : CommandRefusal.KeyReused;
            answer.Command = same ? known : null;
            return;
        }

        IReadOnlyList<CommandDefinition> declared = state.Kind.Definition?.Commands ?? [];
        if (declared.Count > 0 && declared.All(c => c.Name != request.Name))
        {
            answer.Refusal = CommandRefusal.UnknownCommand;
            return;
        }

        CommandRecord command = new()
        {
            Id = request.Id,
            Name = request.Name,
            Args = request.Args.ToString(),
            IssuedAt = now,
            ExpiresAt = request.ExpiresAt,
            IdempotencyKey = request.IdempotencyKey,
        };
        answer.Refusal = TryAdd(state, command, now, effects) ? CommandRefusal.None : CommandRefusal.TooMany;
        answer.Command = answer.Refusal == CommandRefusal.None ? command : null;
    }

    /// <summary>Queues a policy's command; false when policies of the twin have too many open ones.</summary>
    public static bool TryIssue(
        TwinState state, CompiledPolicy policy, long now, string why, TurnEffects effects)
    {
        CommandRecord command = new()
        {
            Id = MakeId(state, policy.Definition.Name, now),
            Name = policy.Definition.Command!.Name,
            Args = policy.Definition.Command.Args.ToString(),
            IssuedAt = now,
            ExpiresAt = now + policy.CommandExpiry,
            Policy = policy.Definition.Name,
            Why = why,
        };
        return TryAdd(state, command, now, effects);
    }

    /// <summary>Notes that a session of the device acknowledged a command, unless its time was over by then.</summary>
    public static void Deliver(TwinState state, string id, long now, TurnEffects effects)
    {
        if (state.FindCommand(id) is { Status: CommandStatus.Queued } command && now < DueAt(command))
        {
            command.Status = CommandStatus.Delivered;
            command.DeliveredAt = now;
            effects.CommandMoved();
        }
    }

    /// <summary>
    /// Calls a command back that no device has. One that was called back before stays so, whoever did it.
    /// </summary>
    public static void Cancel(TwinState state, string id, long now, TurnEffects effects, ref InputAnswer answer)
    {
        CommandRecord? command = state.FindCommand(id);
        answer.Command = command;
        answer.CancelRefusal = command?.Status switch
        {
            null => CancelRefusal.UnknownCommand,
            CommandStatus.Queued or CommandStatus.Cancelled => CancelRefusal.None,
            CommandStatus.Delivered or CommandStatus.InProgress => CancelRefusal.Delivered,
            _ => CancelRefusal.Ended,
        };
        if (command?.Status == CommandStatus.Queued)
        {
            Recall(command, "it was called back", now, effects);
        }
    }

    /// <summary>The twin goes: nobody is to send what its device does not have.</summary>
    public static void RecallAll(TwinState state, TurnEffects effects)
    {
        foreach (CommandRecord command in state.Commands)
        {
            if (command.Status == CommandStatus.Queued)
            {
                effects.Recall(command);
            }
        }
    }

    /// <summary>Takes a device's answer; one that would move the command backwards is ignored.</summary>
    public static void Answer(
        TwinState state, CommandResultInput result, long now, TurnEffects effects, ref InputAnswer answer)
    {
        if (state.FindCommand(result.Id) is not { } command)
        {
            answer.Drop($"results/{result.Id}", ReadingOutcome.Malformed, "the twin has no command of that id");
            return;
        }

        ExpireOne(command, now, effects);
        if (command.Status is CommandStatus.Expired or CommandStatus.Cancelled)
        {
            AnswerLate(command, result, now, effects, ref answer);
            return;
        }

        if (command.IsClosed || result.Status < CommandStatus.InProgress)
        {
            answer.Seen++;
            return;
        }

        answer.Applied++;
        command.Status = result.Status;
        command.DeliveredAt ??= now;
        command.Progress = result.Progress ?? command.Progress;
        KeepWords(command, result);
        if (command.IsClosed)
        {
            command.CompletedAt = now;
        }

        effects.CommandMoved();
    }

    // The grid gave up waiting, or called back what a process that died had sent: what the device did is no less true.
    private static void AnswerLate(
        CommandRecord command, CommandResultInput result, long now, TurnEffects effects, ref InputAnswer answer)
    {
        if (result.Status is < CommandStatus.InProgress or > CommandStatus.Rejected
            || command.Late is { Status: > CommandStatus.InProgress })
        {
            answer.Seen++;
            return;
        }

        answer.Applied++;
        (string? value, string? message) = Words(result);
        command.Late = new LateResult(result.Status, now, value, message);
        effects.LateResults++;
        effects.CommandMoved();
    }

    private static void KeepWords(CommandRecord command, CommandResultInput result)
    {
        (string? value, string? message) = Words(result);
        command.Message = message ?? command.Message;
        command.Result = value ?? command.Result;
    }

    // A result is for people and programs to read, not a way to store data: it stands in every snapshot.
    private static (string? Value, string? Message) Words(CommandResultInput result)
    {
        string? value = result.Result?.ToString();
        if (value is { Length: > MostWords })
        {
            return (null, $"a result of {value.Length} characters was not kept: at most {MostWords} are");
        }

        return (value, result.Message is { Length: > MostWords } words ? words[..MostWords] : result.Message);
    }

    /// <summary>Ends commands whose time ran out: nothing that came before is under way to the twin any more.</summary>
    public static void Expire(TwinState state, long now, TurnEffects effects)
    {
        foreach (CommandRecord command in state.Commands)
        {
            ExpireOne(command, now, effects);
        }
    }

    /// <summary>Calls back what policies queued and no device has, when the kill switch says so.</summary>
    public static void ObeyMode(TwinState state, ControlMode mode, long now, TurnEffects effects)
    {
        if (mode == ControlMode.Act)
        {
            return;
        }

        foreach (CommandRecord command in state.Commands)
        {
            if (command is { Status: CommandStatus.Queued, Policy: not null })
            {
                Recall(command, $"TwinGrid:Control:Mode is {mode}", now, effects);
            }
        }
    }

    /// <summary>When the next command's time runs out.</summary>
    public static long NextDue(TwinState state)
    {
        long next = long.MaxValue;
        foreach (CommandRecord command in state.Commands)
        {
            next = command.IsClosed ? next : Math.Min(next, DueAt(command));
        }

        return next;
    }

    private static void ExpireOne(CommandRecord command, long now, TurnEffects effects)
    {
        if (IsOver(command, now))
        {
            string missed = command.Status == CommandStatus.Queued ? "did not take it" : "gave no answer";
            End(command, CommandStatus.Expired, $"its device {missed} in time", now, effects);
        }
    }

    private static bool IsOver(CommandRecord command, long now) => !command.IsClosed && DueAt(command) <= now;

    private static void Recall(CommandRecord command, string message, long now, TurnEffects effects)
    {
        End(command, CommandStatus.Cancelled, message, now, effects);
        effects.Recall(command);
    }

    private static void End(CommandRecord command, CommandStatus status, string message, long now, TurnEffects effects)
    {
        command.Status = status;
        command.CompletedAt = now;
        command.Message = message;
        effects.CommandMoved();
    }

    // A device that works on it has said so and may take its time; one that said nothing will not begin any more.
    private static long DueAt(CommandRecord command) => command.Status switch
    {
        CommandStatus.Queued => command.ExpiresAt,
        CommandStatus.Delivered => command.ExpiresAt + AnswerGrace,
        _ => command.ExpiresAt + Day,
    };

    /// <summary>True while the twin's policies may issue one more command.</summary>
    public static bool HasRoomForPolicies(TwinState state, long now) => HasRoom(state, isPolicy: true, now);

    private static bool HasRoom(TwinState state, bool isPolicy, long now) =>
        state.Commands.Count(c => c.Policy is not null == isPolicy && !c.IsClosed && !IsOver(c, now)) < MostOpen;

    private static bool TryAdd(TwinState state, CommandRecord command, long now, TurnEffects effects)
    {
        if (!HasRoom(state, command.Policy is not null, now))
        {
            return false;
        }

        ForgetEnded(state, now);
        state.Commands.Add(command);
        effects.AddCommand(command);
        return true;
    }

    // What ended never stands in the way of what is asked for now: only how much of it is remembered has a bound.
    private static void ForgetEnded(TwinState state, long now)
    {
        state.Commands.RemoveAll(c => c.IsClosed && c.IssuedAt < now - Day);
        int plain = 0;
        int keys = 0;
        int words = 0;
        foreach (CommandRecord command in state.Commands)
        {
            if (command.IsClosed)
            {
                bool hasKey = command.IdempotencyKey is not null;
                plain += hasKey ? 0 : 1;
                keys += hasKey ? 1 : 0;
                words += hasKey ? Words(command) : 0;
            }
        }

        // In the order in which they came, the oldest first.
        state.Commands.RemoveAll(command =>
        {
            if (!command.IsClosed)
            {
                return false;
            }

            if (command.IdempotencyKey is null)
            {
                return plain-- > MostEnded;
            }

            bool goes = keys > MostKeys || (words > MostKeyedWords && keys > MostEnded);
            keys -= goes ? 1 : 0;
            words -= goes ? Words(command) : 0;
            return goes;
        });
    }

    private static int Words(CommandRecord command) =>
        command.IdempotencyKey!.Length + command.Args.Length + (command.Result?.Length ?? 0)
        + (command.Message?.Length ?? 0) + (command.Late?.Result?.Length ?? 0) + (command.Late?.Message?.Length ?? 0);

    /// <summary>
    /// A UUIDv7 (RFC 9562 section 5.7) whose random part is a hash of what caused it, so that a refold makes the
    /// same.
    /// </summary>
    private static string MakeId(TwinState state, string policy, long now)
    {
        string cause = $"{state.Twin}\n{state.Revision}\n{policy}\n{state.Commands.Count}\n{now}";
        Span<byte> id = SHA256.HashData(Encoding.UTF8.GetBytes(cause)).AsSpan(0, 16);
        Span<byte> time = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(time, now / 1000);
        time[2..].CopyTo(id);
        id[6] = (byte)((id[6] & 0x0F) | 0x70);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id, bigEndian: true).ToString();
    }
}
