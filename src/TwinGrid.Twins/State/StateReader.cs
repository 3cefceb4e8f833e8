using System.Text;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Definitions;

namespace TwinGrid.Twins.State;

/// <summary>
/// Reads what <see cref="StateWriter"/> wrote, for the same or another revision of the kind: telemetry and policies
/// are matched by name, a model keeps what it learnt while its type, version and options stay the same.
/// </summary>
internal static class StateReader
{
    /// <summary>The revision of the kind that a stored state was laid out for.</summary>
    public static int KindRevision(ReadOnlySpan<byte> stored) =>
        System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(stored[1..]);

    /// <summary>Reads a state.</summary>
    /// <exception cref="TwinGridException">It was written by a newer TwinGrid.</exception>
    public static TwinState Read(TwinId twin, CompiledKind kind, ReadOnlyMemory<byte> stored)
    {
        using MemoryStream stream = new(stored.ToArray(), writable: false);
        using BinaryReader reader = new(stream, Encoding.UTF8);
        byte version = reader.ReadByte();
        if (version is 0 or > StateWriter.FormVersion)
        {
            throw new TwinGridException(
                $"the stored state of {twin} is of form {version}, this TwinGrid reads 1 to {StateWriter.FormVersion}");
        }

        reader.ReadInt32();
        TwinState state = new(twin, kind) { Revision = reader.ReadInt64(), Exists = reader.ReadBoolean() };
        ReadPresence(reader, state);
        ReadCounters(reader, state.Counters);
        state.Reported = reader.ReadString();
        state.Desired = reader.ReadString();
        if (version >= 2)
        {
            state.DesiredRevision = reader.ReadInt64();
            state.DesiredWrite = reader.ReadString();
            state.AnsweredRevision = reader.ReadInt64();
        }

        ReadSlots(reader, state);
        ReadSources(reader, version, state);
        ReadModels(reader, version, state);
        ReadPolicies(reader, state);
        ReadAlarms(reader, version, state);
        ReadCommands(reader, version, state);
        EndOrphans(state);
        return state;
    }

    private static void ReadPresence(BinaryReader reader, TwinState state)
    {
        sbyte online = reader.ReadSByte();
        state.Online = online < 0 ? null : online == 1;
        state.OnlineSession = reader.ReadString();
        state.OnlineSince = reader.ReadInt64();
        state.LastSeen = reader.ReadInt64();
        state.LastReading = reader.ReadInt64();
    }

    private static void ReadCounters(BinaryReader reader, TwinCounters counters)
    {
        counters.Readings = reader.ReadInt64();
        counters.Duplicates = reader.ReadInt64();
        counters.Late = reader.ReadInt64();
        counters.Historical = reader.ReadInt64();
        counters.Rejected = reader.ReadInt64();
        counters.Restarts = reader.ReadInt64();
    }

    private static void ReadSlots(BinaryReader reader, TwinState state)
    {
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            string name = reader.ReadString();
            int index = state.Kind.Names.Find(name);
            index = index >= 0 ? index : state.AddExtra(state.Kind.Names.Intern(Encoding.UTF8.GetBytes(name)));
            ref TelemetrySlot slot = ref state.Slots[index];
            slot.Value = ReadValue(reader);
            slot.SourceTime = reader.ReadInt64();
            slot.ReceivedTime = reader.ReadInt64();
            slot.BadSince = reader.ReadInt64();
            slot.Seq = reader.ReadInt64();
            slot.Count = reader.ReadInt64();
            slot.GivenQuality = (Quality)reader.ReadByte();
            slot.Historical = reader.ReadBoolean();
            string unit = reader.ReadString();
            slot.Unit = unit.Length == 0 ? null : unit;
            int recent = reader.ReadByte();
            slot.Recent = recent == 0 ? null : new RecentReadings();
            for (int k = 0; k < recent; k++)
            {
                slot.Recent!.Add(reader.ReadInt64(), reader.ReadUInt64());
            }
        }
    }

    private static ReadingValue ReadValue(BinaryReader reader) => (TelemetryType)reader.ReadByte() switch
    {
        TelemetryType.Number => ReadingValue.Of(reader.ReadDouble()),
        TelemetryType.Boolean => ReadingValue.Of(reader.ReadDouble() != 0),
        TelemetryType.Text => ReadingValue.Of(reader.ReadString()),
        TelemetryType.Position => ReadingValue.Of(
            new GeoPosition(reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble())),
        TelemetryType.Waveform => ReadingValue.Of(new WaveformFeatures(
            reader.ReadDouble(),
            reader.ReadInt32(),
            reader.ReadDouble(),
            reader.ReadDouble(),
            reader.ReadDouble(),
            reader.ReadDouble(),
            reader.ReadDouble())),
        _ => default,
    };

    private static void ReadSources(BinaryReader reader, byte version, TwinState state)
    {
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            SourceState source = new(reader.ReadString());
            SequenceWindow current = ReadWindow(reader, version);
            SequenceWindow? previous = reader.ReadBoolean() ? ReadWindow(reader, version) : null;
            (long, long) times = (reader.ReadInt64(), reader.ReadInt64());
            (double, int) clock = (reader.ReadDouble(), reader.ReadInt32());
            (long, long)[] oldEpochs = new (long, long)[reader.ReadInt32()];
            for (int k = 0; k < oldEpochs.Length; k++)
            {
                oldEpochs[k] = (reader.ReadInt64(), reader.ReadInt64());
            }

            source.Restore((current, previous), times, clock, oldEpochs);
            state.Sources.Add(source);
        }
    }

    private static SequenceWindow ReadWindow(BinaryReader reader, byte version)
    {
        (long epoch, long high) = (reader.ReadInt64(), reader.ReadInt64());
        ulong[] seen = new ulong[reader.ReadUInt16()];
        for (int i = 0; i < seen.Length; i++)
        {
            seen[i] = reader.ReadUInt64();
        }

        SequenceWindow window = new(epoch, high, seen.Length == 0 ? null : seen);
        if (version >= 6)
        {
            window.Restore(reader.ReadInt64(), reader.ReadInt64());
        }

        return window;
    }

    private static void ReadModels(BinaryReader reader, byte version, TwinState state)
    {
        state.ModelTime = reader.ReadInt64();
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            string fingerprint = reader.ReadString();
            Prediction prediction = ReadPrediction(reader);
            bool ofHistory = version >= 3 && reader.ReadBoolean();
            double[] learnt = new double[reader.ReadInt32()];
            for (int k = 0; k < learnt.Length; k++)
            {
                learnt[k] = reader.ReadDouble();
            }

            int index = Array.FindIndex(state.Kind.Models, model => model.IsThatOf(fingerprint));
            if (index >= 0 && state.Kind.Models[index].Model.StateLength == learnt.Length)
            {
                state.Predictions[index] = prediction;
                state.PredictedOfHistory |= ofHistory ? 1UL << index : 0;
                learnt.CopyTo(state.ModelState.AsSpan(state.Kind.Models[index].StateOffset));
            }
        }
    }

    private static Prediction ReadPrediction(BinaryReader reader) => new()
    {
        Value = reader.ReadDouble(),
        Lower = reader.ReadDouble(),
        Upper = reader.ReadDouble(),
        Confidence = reader.ReadDouble(),
        Residual = reader.ReadDouble(),
        Horizon = reader.ReadDouble(),
        Expected = reader.ReadDouble(),
        Threshold = reader.ReadDouble(),
        At = reader.ReadInt64(),
    };

    private static void ReadPolicies(BinaryReader reader, TwinState state)
    {
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            string name = reader.ReadString();
            PolicyState policy = new()
            {
                HoldingSince = reader.ReadInt64(),
                Raised = reader.ReadBoolean(),
                CommandOwed = reader.ReadBoolean(),
                CommandedAt = reader.ReadInt64(),
                VerifyDue = reader.ReadInt64(),
            };
            int index = Array.FindIndex(state.Kind.Policies, p => p.Definition.Name == name);
            if (index >= 0)
            {
                state.Policies[index] = Fitted(policy, state.Kind.Policies[index]);
            }
        }
    }

    // The kind may have changed since: what it no longer asks for is not owed any more.
    private static PolicyState Fitted(PolicyState policy, CompiledPolicy kind)
    {
        if (!kind.Acts)
        {
            policy.CommandOwed = false;
        }

        if (kind.Expect is null || kind.Definition.Command is null)
        {
            policy.VerifyDue = UnixMicroseconds.Absent;
        }

        return policy;
    }

    private static void ReadAlarms(BinaryReader reader, byte version, TwinState state)
    {
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            state.Alarms.Add(new AlarmRecord
            {
                Name = reader.ReadString(),
                State = (AlarmState)reader.ReadByte(),
                Acknowledged = reader.ReadBoolean(),
                Severity = (AlarmSeverity)reader.ReadByte(),
                Since = reader.ReadInt64(),
                Why = reader.ReadString(),
                AcknowledgedBy = ReadOptional(reader),
                Note = ReadOptional(reader),
                Evidence = version >= 5 ? ReadEvidence(reader) : [],
            });
        }
    }

    private static AlarmEvidence[] ReadEvidence(BinaryReader reader)
    {
        var evidence = new AlarmEvidence[reader.ReadByte()];
        for (int i = 0; i < evidence.Length; i++)
        {
            evidence[i] = new AlarmEvidence
            {
                Input = reader.ReadString(),
                Seen = ReadValue(reader),
                Unit = ReadOptional(reader),
                Operator = ReadOptional(reader),
                Threshold = reader.ReadBoolean() ? ReadValue(reader) : null,
                Expected = ReadNumber(reader),
                Contributions = ReadContributions(reader),
            };
        }

        return evidence;
    }

    private static Contribution[]? ReadContributions(BinaryReader reader)
    {
        var contributions = new Contribution[reader.ReadByte()];
        for (int i = 0; i < contributions.Length; i++)
        {
            contributions[i] = new Contribution(
                reader.ReadString(), ReadNumber(reader), ReadNumber(reader), reader.ReadDouble());
        }

        return contributions.Length == 0 ? null : contributions;
    }

    // An alarm whose policy is gone can never be cleared by it.
    private static void EndOrphans(TwinState state)
    {
        foreach (AlarmRecord alarm in state.Alarms)
        {
            bool isBuiltIn = alarm.Name
                is BuiltInAlarms.ClockName or BuiltInAlarms.NoDataName or BuiltInAlarms.CommandsName;
            if (alarm.State == AlarmState.Active
                && !isBuiltIn
                && !Array.Exists(state.Kind.Policies, policy => policy.Owns(alarm.Name)))
            {
                alarm.Clear(alarm.Since, new AlarmReason("the kind has no such policy any more", []));
            }
        }
    }

    private static void ReadCommands(BinaryReader reader, byte version, TwinState state)
    {
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            state.Commands.Add(new CommandRecord
            {
                Id = reader.ReadString(),
                Name = reader.ReadString(),
                Args = reader.ReadString(),
                IssuedAt = reader.ReadInt64(),
                ExpiresAt = reader.ReadInt64(),
                IdempotencyKey = ReadOptional(reader),
                Policy = ReadOptional(reader),
                Why = ReadOptional(reader),
                Status = (CommandStatus)reader.ReadByte(),
                DeliveredAt = ReadTime(reader),
                CompletedAt = ReadTime(reader),
                Progress = ReadNumber(reader),
                Result = ReadOptional(reader),
                Message = ReadOptional(reader),
                Late = version >= 4 ? ReadLate(reader) : null,
            });
        }
    }

    private static double? ReadNumber(BinaryReader reader) =>
        reader.ReadDouble() is var number && double.IsNaN(number) ? null : number;

    private static LateResult? ReadLate(BinaryReader reader) =>
        (CommandStatus)reader.ReadByte() is var status && status == CommandStatus.Queued
            ? null
            : new LateResult(status, reader.ReadInt64(), ReadOptional(reader), ReadOptional(reader));

    private static string? ReadOptional(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;

    private static long? ReadTime(BinaryReader reader) =>
        reader.ReadInt64() is var time && time == UnixMicroseconds.Absent ? null : time;
}
