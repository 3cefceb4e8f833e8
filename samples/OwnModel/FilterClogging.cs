namespace OwnModel;

#region readme-own-model
/// <summary>How clogged a filter is: its resistance, as a multiple of what it was when clean.</summary>
public sealed class FilterClogging : PredictiveModel<FilterClogging.Memory>
{
    public struct Memory { public double CleanResistance { get; set; } }

    protected override void Update(in ModelInput input, ref Memory memory, ref Prediction prediction)
    {
        double resistance = input.Inputs[0] / (input.Inputs[1] * input.Inputs[1]); // pressure drop / flow²
        if (double.IsFinite(resistance))
        {
            memory.CleanResistance = memory.CleanResistance == 0 ? resistance : memory.CleanResistance;
            prediction = Prediction.None with { Value = resistance / memory.CleanResistance, At = input.Time };
        }
    }

    protected override string Explain(in Prediction prediction, in Memory memory) =>
        FormattableString.Invariant($"the filter resists {prediction.Value:0.0} times as much as when clean");
}
#endregion
