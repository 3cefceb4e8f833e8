using System.Text;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Modelling;

/// <summary>The blocks that models read, and the features that they make of them as telemetry of the twin.</summary>
internal static class FeatureFold
{
    /// <summary>
    /// The waveform of a slot that this message made live; where a message names it several times, the one of its time.
    /// </summary>
    public static WaveformBlock Block(TwinState state, int slot, ReadingsReader message)
    {
        WaveformBlock block = default;
        string name = state.NameOf(slot);
        ref TelemetrySlot live = ref state.Slots[slot];
        if (live.Quality == Quality.Bad || live.Value.Waveform is not { } features)
        {
            return block;
        }

        while (message.Next())
        {
            bool isIt = message.Type == TelemetryType.Waveform
                && message.Quality != Quality.Bad
                && (block.IsEmpty || message.Time == live.SourceTime)
                && Ascii.Equals(message.Name, name);
            if (isIt)
            {
                block = new WaveformBlock(message.Data, message.Encoding, message.Scale, message.Number)
                {
                    Features = features,
                };
            }
        }

        return block;
    }

    /// <summary>
    /// Makes features live values, as new and as good as the waveform that they were made of; historical where any
    /// input was.
    /// </summary>
    public static void Tell(
        TwinState state,
        CompiledModel model,
        ReadOnlySpan<double> learnt,
        bool ofHistory,
        Span<ulong> changed,
        ReadingRecorder? recorder)
    {
        int source = model.WaveformSlot >= 0 ? model.WaveformSlot
            : model.InputSlots.Length > 0 ? model.InputSlots[0]
            : model.OutputSlot;
        TelemetrySlot from = state.Slots[source];
        for (int i = 0; i < model.FeatureSlots.Length; i++)
        {
            if (!double.IsFinite(learnt[i]))
            {
                continue;
            }

            int index = model.FeatureSlots[i];
            ref TelemetrySlot slot = ref state.Slots[index];
            slot.Value = ReadingValue.Of(learnt[i] + 0.0);
            slot.SourceTime = from.SourceTime;
            slot.ReceivedTime = from.ReceivedTime;
            slot.GivenQuality = from.GivenQuality;
            slot.Historical = ofHistory;
            slot.Seq = -1;
            slot.Count++;
            changed[index >> 6] |= 1UL << index;
            ReadingFlags flags = ofHistory ? ReadingFlags.Historical : ReadingFlags.None;
            recorder?.Record(
                state.NameOf(index),
                new HistoryReading(from.SourceTime, slot.Value, from.GivenQuality, flags),
                isNumbered: false);
        }
    }
}
