using TwinGrid.Twins.State;

namespace TwinGrid.Twins.Modelling;

/// <summary>What one twin asks a batched model: a copy, good for any thread.</summary>
/// <param name="Twin">Who asks.</param>
/// <param name="Name">The model's name in the kind.</param>
/// <param name="Model">The model.</param>
/// <param name="Definition">The revision of the definition that it is asked under.</param>
/// <param name="At">The source time of the newest reading, Unix microseconds.</param>
/// <param name="Values">The row.</param>
/// <param name="Reason">What explains the answer, or null.</param>
/// <param name="OfHistory">True when a reading in it was historical.</param>
internal readonly record struct ModelRow(
    TwinId Twin,
    string Name,
    BatchedModel Model,
    int Definition,
    long At,
    double[] Values,
    double[]? Reason,
    bool OfHistory)
{
    /// <summary>What a twin asks now.</summary>
    public static ModelRow Of(TwinState state, int index, ulong askedOfHistory)
    {
        CompiledModel compiled = state.Kind.Models[index];
        BatchedModel model = compiled.Batched!;
        ReadOnlySpan<double> learnt = state.ModelState.AsSpan(compiled.StateOffset, model.StateLength);
        double[] row = new double[model.RowLength];
        model.WriteRow(learnt, row);
        double[]? reason = model.ReasonLength == 0 ? null : new double[model.ReasonLength];
        model.WriteReason(learnt, reason);
        bool ofHistory = (askedOfHistory & (1UL << index)) != 0;
        return new ModelRow(
            state.Twin, compiled.Definition.Name, model, state.Kind.Revision, state.ModelTime, row, reason, ofHistory);
    }

    /// <summary>The answer as an input of the twin.</summary>
    public byte[] Answer(ReadOnlySpan<double> outputs, long now) => Pack(outputs.ToArray(), failed: false, now);

    /// <summary>That there is none, as an input of the twin.</summary>
    public byte[] Failure(long now) => Pack([], failed: true, now);

    private byte[] Pack(double[] outputs, bool failed, long now) => PackedInputs.Pack(
        InputKind.ModelOutput,
        now,
        new ModelOutputInput(Name, Model.Version, At, outputs)
        {
            Historical = OfHistory,
            Definition = Definition,
            Failed = failed,
            Reason = Reason,
        },
        TwinGridJson.Default.ModelOutputInput);
}
