using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Modelling;

/// <summary>Shows a message's new live values to the models that read them. Step 5 of the walk.</summary>
internal static class ModelRunner
{
    /// <summary>Runs the models of which an input or the output changed.</summary>
    /// <param name="state">The twin; model state and predictions change.</param>
    /// <param name="message">The message from its beginning, for those who read waveforms.</param>
    /// <param name="changed">One bit per slot; those of features that a model told are added.</param>
    /// <param name="time">The newest source time that became live.</param>
    /// <param name="effects">Where changed predictions are noted.</param>
    public static void Run(
        TwinState state, in ReadingsReader message, Span<ulong> changed, long time, TurnEffects effects)
    {
        CompiledModel[] models = state.Kind.Models;
        if (models.Length == 0)
        {
            return;
        }

        state.ModelTime = Math.Max(state.ModelTime, time);
        Span<double> inputs = stackalloc double[64];
        for (int i = 0; i < models.Length; i++)
        {
            CompiledModel model = models[i];
            ulong inputsChanged = 0;
            bool ofHistory = false;
            for (int k = 0; k < model.InputSlots.Length; k++)
            {
                int slot = model.InputSlots[k];
                inputs[k] = NumberOf(state, slot);
                inputsChanged |= IsSet(changed, slot) ? 1UL << k : 0;
                ofHistory |= state.Slots[slot].Historical;
            }

            bool outputChanged = model.OutputSlot >= 0 && IsSet(changed, model.OutputSlot);
            if (inputsChanged == 0 && !outputChanged)
            {
                continue;
            }

            ofHistory |= model.OutputSlot >= 0 && state.Slots[model.OutputSlot].Historical;
            double output = model.OutputSlot >= 0 ? NumberOf(state, model.OutputSlot) : double.NaN;
            ModelInput input = new(
                state.ModelTime, inputs[..model.InputSlots.Length], inputsChanged, output, outputChanged);
            if (model.IsPlain)
            {
                Update(state, i, input, ofHistory, effects);
            }
            else
            {
                UpdateOther(state, i, input, ofHistory, message, changed, effects);
            }
        }
    }

    /// <summary>Takes what a batched model said; false when it was said to another revision of the kind.</summary>
    public static bool Accept(TwinState state, ModelOutputInput said, TurnEffects effects)
    {
        int index = state.Kind.FindModel(said.Model);
        if (index < 0
            || state.Kind.Models[index].Batched is not { } model
            || model.Version != said.Version
            || (said.Definition != 0 && said.Definition != state.Kind.Revision)
            || said.Outputs.Length != (said.Failed ? 0 : model.OutputLength))
        {
            return false;
        }

        ref Prediction prediction = ref state.Predictions[index];
        double[] reason = said.Reason?.Length == model.ReasonLength ? said.Reason : [];
        int offset = state.Kind.Models[index].StateOffset;
        model.Accept(said.Outputs, reason, state.ModelState.AsSpan(offset, model.StateLength), ref prediction);
        prediction.At = said.At;
        state.PredictedOfHistory = With(state.PredictedOfHistory, index, said.Historical);
        effects.Predictions |= 1UL << index;
        effects.Changed = true;
        return true;
    }

    private static void Update(
        TwinState state, int index, in ModelInput input, bool ofHistory, TurnEffects effects)
    {
        CompiledModel model = state.Kind.Models[index];
        Span<double> learnt = state.ModelState.AsSpan(model.StateOffset, model.Model.StateLength);
        ref Prediction prediction = ref state.Predictions[index];
        Prediction before = prediction;
        bool leftHistory = !ofHistory && (state.PredictedOfHistory & (1UL << index)) != 0;
        bool says = leftHistory && SaysAnything(model.Model, input, learnt);
        model.Model.Update(input, learnt, ref prediction);

        // What it said earlier does not become newer because another of its inputs came.
        if (says || prediction.At == UnixMicroseconds.Absent || !AreSame(prediction, before))
        {
            prediction.At = state.ModelTime;
            state.PredictedOfHistory = With(state.PredictedOfHistory, index, ofHistory);
        }

        effects.Predictions |= 1UL << index;
    }

    /// <summary>
    /// Whether a model says something of a message, be it what it said before: then it is not of history any more. That
    /// cannot be told by what comes out, so a copy is asked, with nothing said before. Only for the first live readings
    /// after historical ones.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool SaysAnything(IPredictiveModel model, in ModelInput input, ReadOnlySpan<double> learnt)
    {
        Prediction said = Prediction.None;
        model.Update(input, learnt.ToArray(), ref said);
        return !AreSame(said, Prediction.None);
    }

    // Few models run outside the turn or read waveforms: the others do not pay for them.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void UpdateOther(
        TwinState state,
        int index,
        in ModelInput input,
        bool ofHistory,
        in ReadingsReader message,
        Span<ulong> changed,
        TurnEffects effects)
    {
        CompiledModel model = state.Kind.Models[index];
        Span<double> learnt = state.ModelState.AsSpan(model.StateOffset, model.Model.StateLength);
        if (model.Batched is { } batched)
        {
            if (batched.Take(input, learnt))
            {
                effects.Asked |= 1UL << index;
                effects.AskedOfHistory = With(effects.AskedOfHistory, index, ofHistory);
            }

            return;
        }

        bool hasBlock = model.WaveformSlot >= 0 && IsSet(changed, model.WaveformSlot);
        Update(
            state,
            index,
            hasBlock ? input with { Waveform = FeatureFold.Block(state, model.WaveformSlot, message) } : input,
            ofHistory,
            effects);
        FeatureFold.Tell(state, model, learnt, ofHistory, changed, effects.Recorder);
    }

    // Bit by bit: NaN, which says nothing, is the same as NaN.
    private static bool AreSame(in Prediction one, in Prediction other) =>
        one.At == other.At && Bytes(one).SequenceEqual(Bytes(other));

    private static ReadOnlySpan<byte> Bytes(in Prediction prediction) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<Prediction>(in prediction));

    private static ulong With(ulong bits, int index, bool isSet) =>
        isSet ? bits | (1UL << index) : bits & ~(1UL << index);

    // A value that its device has called bad is no value.
    private static double NumberOf(TwinState state, int slot) =>
        state.Slots[slot].Quality == Quality.Bad ? double.NaN : state.Slots[slot].Value.Number;

    private static bool IsSet(ReadOnlySpan<ulong> bits, int index) => (bits[index >> 6] & (1UL << index)) != 0;
}
