using System.Text;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Modelling;

namespace TwinGrid.Twins.State;

/// <summary>
/// Writes a twin's whole state, by names, so that it can be read back for another revision of the kind. Equal states
/// give equal bytes.
/// </summary>
internal static class StateWriter
{
    /// <summary>The version of the form; it stands first.</summary>
    /// <remarks>
    /// 1 was without the revisions of the desired properties, 2 without whether a prediction was made of history, 3
    /// without late results of commands, 4 without the evidence of alarms, 5 without the run of a source's numbers. A
    /// new form is a new <see cref="TwinFold.Version"/> as well: where the log is folded again, states are compared
    /// byte for byte.
    /// </remarks>
    public const byte FormVersion = 6;

    public static byte[] Write(TwinState state)
    {
        using MemoryStream stream = new(512);
        using (BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(FormVersion);
            writer.Write(state.Kind.Revision);
            writer.Write(state.Revision);
            writer.Write(state.Exists);
            WritePresence(writer, state);
            WriteCounters(writer, state.Counters);
            writer.Write(state.Reported);
            writer.Write(state.Desired);
            writer.Write(state.DesiredRevision);
            writer.Write(state.DesiredWrite);
            writer.Write(state.AnsweredRevision);
            WriteSlots(writer, state);
            WriteSources(writer, state);
            WriteModels(writer, state);
            WritePolicies(writer, state);
            WriteAlarms(writer, state);
            WriteCommands(writer, state);
        }

        return stream.ToArray();
    }

    private static void WritePresence(BinaryWriter writer, TwinState state)
    {
        writer.Write((sbyte)(state.Online is { } online ? (online ? 1 : 0) : -1));
        writer.Write(state.OnlineSession);
        writer.Write(state.OnlineSince);
        writer.Write(state.LastSeen);
        writer.Write(state.LastReading);
    }

    private static void WriteCounters(BinaryWriter writer, TwinCounters counters)
    {
        writer.Write(counters.Readings);
        writer.Write(counters.Duplicates);
        writer.Write(counters.Late);
        writer.Write(counters.Historical);
        writer.Write(counters.Rejected);
        writer.Write(counters.Restarts);
    }

    private static void WriteSlots(BinaryWriter writer, TwinState state)
    {
        writer.Write(state.SlotCount);
        for (int i = 0; i < state.SlotCount; i++)
        {
            ref TelemetrySlot slot = ref state.Slots[i];
            writer.Write(state.NameOf(i));
            WriteValue(writer, slot.Value);
            writer.Write(slot.SourceTime);
            writer.Write(slot.ReceivedTime);
            writer.Write(slot.BadSince);
            writer.Write(slot.Seq);
            writer.Write(slot.Count);
            writer.Write((byte)slot.GivenQuality);
            writer.Write(slot.Historical);
            writer.Write(slot.Unit ?? "");
            int recent = slot.Recent?.Count ?? 0;
            writer.Write((byte)recent);
            for (int k = 0; k < recent; k++)
            {
                (long time, ulong value) = slot.Recent![k];
                writer.Write(time);
                writer.Write(value);
            }
        }
    }

    private static void WriteValue(BinaryWriter writer, in ReadingValue value)
    {
        writer.Write((byte)value.Type);
        switch (value.Type)
        {
            case TelemetryType.Number or TelemetryType.Boolean:
                writer.Write(value.Number);
                break;
            case TelemetryType.Text:
                writer.Write(value.Text!);
                break;
            case TelemetryType.Position:
                writer.Write(value.Position!.Latitude);
                writer.Write(value.Position.Longitude);
                writer.Write(value.Position.Altitude);
                break;
            case TelemetryType.Waveform:
                WaveformFeatures features = value.Waveform!;
                writer.Write(features.Rate);
                writer.Write(features.Samples);
                writer.Write(features.Mean);
                writer.Write(features.Rms);
                writer.Write(features.Peak);
                writer.Write(features.Crest);
                writer.Write(features.Kurtosis);
                break;
        }
    }

    private static void WriteSources(BinaryWriter writer, TwinState state)
    {
        writer.Write(state.Sources.Count);
        foreach (SourceState source in state.Sources)
        {
            writer.Write(source.Name);
            WriteWindow(writer, source.Current);
            writer.Write(source.Previous is not null);
            if (source.Previous is not null)
            {
                WriteWindow(writer, source.Previous);
            }

            writer.Write(source.NewestTime);
            writer.Write(source.BeganAt);
            writer.Write(source.ClockOffset);
            writer.Write(source.OffInARow);

            writer.Write(source.OldEpochs.Count);
            foreach ((long epoch, long high) in source.OldEpochs)
            {
                writer.Write(epoch);
                writer.Write(high);
            }
        }
    }

    private static void WriteWindow(BinaryWriter writer, SequenceWindow window)
    {
        writer.Write(window.Epoch);
        writer.Write(window.High);
        writer.Write((ushort)window.Seen.Length);
        foreach (ulong bits in window.Seen)
        {
            writer.Write(bits);
        }

        writer.Write(window.RunFrom);
        writer.Write(window.RunTo);
    }

    private static void WriteModels(BinaryWriter writer, TwinState state)
    {
        writer.Write(state.ModelTime);
        writer.Write(state.Kind.Models.Length);
        for (int i = 0; i < state.Kind.Models.Length; i++)
        {
            CompiledModel model = state.Kind.Models[i];
            writer.Write(model.Fingerprint);
            WritePrediction(writer, state.Predictions[i]);
            writer.Write((state.PredictedOfHistory & (1UL << i)) != 0);
            writer.Write(model.Model.StateLength);
            foreach (double number in state.ModelState.AsSpan(model.StateOffset, model.Model.StateLength))
            {
                writer.Write(number);
            }
        }
    }

    private static void WritePrediction(BinaryWriter writer, in Prediction prediction)
    {
        writer.Write(prediction.Value);
        writer.Write(prediction.Lower);
        writer.Write(prediction.Upper);
        writer.Write(prediction.Confidence);
        writer.Write(prediction.Residual);
        writer.Write(prediction.Horizon);
        writer.Write(prediction.Expected);
        writer.Write(prediction.Threshold);
        writer.Write(prediction.At);
    }

    private static void WritePolicies(BinaryWriter writer, TwinState state)
    {
        writer.Write(state.Policies.Length);
        for (int i = 0; i < state.Policies.Length; i++)
        {
            ref PolicyState policy = ref state.Policies[i];
            writer.Write(state.Kind.Policies[i].Definition.Name);
            writer.Write(policy.HoldingSince);
            writer.Write(policy.Raised);
            writer.Write(policy.CommandOwed);
            writer.Write(policy.CommandedAt);
            writer.Write(policy.VerifyDue);
        }
    }

    private static void WriteAlarms(BinaryWriter writer, TwinState state)
    {
        writer.Write(state.Alarms.Count);
        foreach (AlarmRecord alarm in state.Alarms)
        {
            writer.Write(alarm.Name);
            writer.Write((byte)alarm.State);
            writer.Write(alarm.Acknowledged);
            writer.Write((byte)alarm.Severity);
            writer.Write(alarm.Since);
            writer.Write(alarm.Why);
            WriteOptional(writer, alarm.AcknowledgedBy);
            WriteOptional(writer, alarm.Note);
            WriteEvidence(writer, alarm.Evidence);
        }
    }

    private static void WriteEvidence(BinaryWriter writer, IReadOnlyList<AlarmEvidence> evidence)
    {
        writer.Write((byte)evidence.Count);
        foreach (AlarmEvidence entry in evidence)
        {
            writer.Write(entry.Input);
            WriteValue(writer, entry.Seen);
            WriteOptional(writer, entry.Unit);
            WriteOptional(writer, entry.Operator);
            writer.Write(entry.Threshold is not null);
            if (entry.Threshold is { } threshold)
            {
                WriteValue(writer, threshold);
            }

            writer.Write(entry.Expected ?? double.NaN);
            IReadOnlyList<Contribution> contributions = entry.Contributions ?? [];
            writer.Write((byte)contributions.Count);
            foreach (Contribution contribution in contributions)
            {
                writer.Write(contribution.Name);
                writer.Write(contribution.Expected ?? double.NaN);
                writer.Write(contribution.Seen ?? double.NaN);
                writer.Write(contribution.Share);
            }
        }
    }

    private static void WriteCommands(BinaryWriter writer, TwinState state)
    {
        writer.Write(state.Commands.Count);
        foreach (CommandRecord command in state.Commands)
        {
            writer.Write(command.Id);
            writer.Write(command.Name);
            writer.Write(command.Args);
            writer.Write(command.IssuedAt);
            writer.Write(command.ExpiresAt);
            WriteOptional(writer, command.IdempotencyKey);
            WriteOptional(writer, command.Policy);
            WriteOptional(writer, command.Why);
            writer.Write((byte)command.Status);
            writer.Write(command.DeliveredAt ?? UnixMicroseconds.Absent);
            writer.Write(command.CompletedAt ?? UnixMicroseconds.Absent);
            writer.Write(command.Progress ?? double.NaN);
            WriteOptional(writer, command.Result);
            WriteOptional(writer, command.Message);
            WriteLate(writer, command.Late);
        }
    }

    private static void WriteLate(BinaryWriter writer, LateResult? late)
    {
        writer.Write((byte)(late?.Status ?? CommandStatus.Queued));
        if (late is not null)
        {
            writer.Write(late.At);
            WriteOptional(writer, late.Result);
            WriteOptional(writer, late.Message);
        }
    }

    private static void WriteOptional(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null)
        {
            writer.Write(text);
        }
    }
}
