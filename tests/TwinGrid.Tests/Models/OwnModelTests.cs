using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.Tests.Models;

/// <summary>A model of a user's own: what it knows of a twin is a struct, what it does is one method.</summary>
public sealed class OwnModelTests
{
    private struct Wear
    {
        public double Hours;
        public long Last;
    }

    private sealed class HoursUnderLoad(ModelDefinition definition) : PredictiveModel<Wear>
    {
        protected override void Update(in ModelInput input, ref Wear wear, ref Prediction prediction)
        {
            wear.Hours += wear.Last != 0 && input.Inputs[0] > 0.8 ? (input.Time - wear.Last) / 3.6e9 : 0;
            wear.Last = input.Time;
            prediction = Prediction.None with { Value = wear.Hours, Threshold = 8000, At = input.Time };
        }

        protected override string Explain(in Prediction prediction, in Wear wear) =>
            $"{definition.Inputs[0]} was above 80 % for {wear.Hours:0.0} of 8000 hours";
    }

    [Fact]
    public void A_model_of_ones_own_is_a_struct_and_a_method()
    {
        ServiceProvider services = new ServiceCollection()
            .AddPredictiveModel("HoursUnderLoad", definition => new HoursUnderLoad(definition))
            .BuildServiceProvider();
        ModelDefinition definition = new() { Name = "wear", Type = "HoursUnderLoad", Inputs = ["load"] };
        RunningModel wear = new(services.GetRequiredService<PredictiveModelType>().Create(definition));

        // Under load in the second and third of three hours.
        wear.Read(1, 0.5);
        wear.Read(3601, 0.5);
        wear.Read(7201, 0.9);
        wear.Read(10_801, 1.0);

        Assert.Equal(2, wear.Prediction.Value, 1e-9);
        Assert.Equal(2, wear.Model.StateLength);
        Assert.Equal("load was above 80 % for 2.0 of 8000 hours", wear.Why);
    }
}
