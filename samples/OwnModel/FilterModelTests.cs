namespace OwnModel;

public sealed class FilterModelTests
{
    [Fact]
    public void A_filter_with_twice_the_pressure_drop_at_the_same_flow_is_twice_as_clogged()
    {
        IPredictiveModel model = new FilterClogging();
        double[] state = new double[model.StateLength];
        Prediction prediction = Prediction.None;
        model.Initialize(state);

        // Clean: 0.2 bar at 10 m³/h, resistance 0.002. Later 0.1 bar at 5 m³/h, 0.004: twice as much.
        model.Update(new ModelInput(0, [0.2, 10], 0b11, double.NaN, false), state, ref prediction);
        model.Update(new ModelInput(1_000_000, [0.1, 5], 0b11, double.NaN, false), state, ref prediction);

        Assert.Equal(2, prediction.Value, precision: 12);
        Assert.Equal("the filter resists 2.0 times as much as when clean", model.Explain(prediction, state));
    }
}
