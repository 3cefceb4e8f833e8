using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Modelling;

/// <summary>What one twin asks a batched model: a copy, good for any thread.</summary>
/// <param name="Twin">Who asks.</param>
/// <param name="Name">The model's name in the kind.</param>
/// <param name="Model">The model.</param>
/// <param name="At">The source time of the newest reading, Unix microseconds.</param>
/// <param name="Values">The row.</param>
/// <param name="OfHistory">True when a reading in it was historical.</param>
internal readonly record struct ModelRow(
    TwinId Twin, string Name, BatchedModel Model, long At, double[] Values, bool OfHistory)
{
    /// <summary>What a twin asks now.</summary>
    public static ModelRow Of(TwinState state, int index, ulong askedOfHistory)
    {
        CompiledModel compiled = state.Kind.Models[index];
        BatchedModel model = compiled.Batched!;
        double[] row = new double[model.RowLength];
        model.WriteRow(state.ModelState.AsSpan(compiled.StateOffset, model.StateLength), row);
        bool ofHistory = (askedOfHistory & (1UL << index)) != 0;
        return new ModelRow(state.Twin, compiled.Definition.Name, model, state.ModelTime, row, ofHistory);
    }

    /// <summary>The answer as an input of the twin.</summary>
    public byte[] Answer(ReadOnlySpan<double> outputs, long now) => PackedInputs.Pack(
        InputKind.ModelOutput,
        now,
        new ModelOutputInput(Name, Model.Version, At, outputs.ToArray()) { Historical = OfHistory },
        TwinGridJson.Default.ModelOutputInput);
}
