using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

/// <summary>
/// What is older than the live window, or marked so, never causes a command, through predictions neither.
/// </summary>
public sealed class HistoryAndCommandTests
{
    private const double Yesterday = -86_400;

    [Fact]
    public void A_prediction_of_yesterdays_reading_gives_no_command_when_the_next_live_one_says_nothing_new()
    {
        FoldRig twin = Fan();
        twin.Number(0, 120, ts: Yesterday, name: "speed");
        Assert.Equal(120, twin.State.Predictions[0].Value);
        Assert.Empty(twin.State.Commands);

        // Live, but of no use to the model: what it said stands, and is still of yesterday, also after a restart.
        twin.Send(1, w => w.Number("speed"u8, 0, new ReadingDetail { Quality = Quality.Bad }), ts: 1);
        Assert.Equal((120, FoldRig.At(Yesterday)), (twin.State.Predictions[0].Value, twin.State.Predictions[0].At));
        Assert.Empty(twin.State.Commands);
        TwinState read = StateReader.Read(twin.State.Twin, twin.State.Kind, StateWriter.Write(twin.State));
        byte[] properties = PackedInputs.Pack(InputKind.ReportedProperties, FoldRig.At(2), "{}"u8);
        TwinFold.Apply(read, twin.Header, properties, new TurnEffects());
        Assert.Empty(read.Commands);
        Assert.Empty(twin.State.Alarms);

        twin.Number(3, 120, ts: 3, name: "speed");
        Assert.Equal("brake", Assert.Single(twin.State.Commands).Name);
    }

    [Fact]
    public void A_day_of_buffered_readings_gives_no_command_and_the_first_live_one_does_by_its_own_value()
    {
        FoldRig twin = Fan();
        for (int i = 0; i < 100; i++)
        {
            twin.Number(0, 120, ts: Yesterday + (600 * i), name: "speed");
        }

        twin.Number(1, 20, ts: 1, name: "speed");
        Assert.Empty(twin.State.Commands);
        twin.Number(2, 120, ts: 2, name: "speed");
        Assert.Single(twin.State.Commands);
    }

    [Fact]
    public void A_late_reading_is_not_shown_to_models_and_moves_no_alarm()
    {
        FoldRig twin = Fan();
        twin.Number(0, 20, ts: 0, name: "speed");
        twin.Number(1, 120, ts: -30, name: "speed");
        Assert.Equal(20, twin.State.Predictions[0].Value);
        Assert.Empty(twin.State.Commands);
    }

    [Fact]
    public void Readings_that_their_sender_marks_historical_give_none_however_new_they_are()
    {
        FoldRig twin = Fan();
        twin.Send(0, w => w.Number("speed"u8, 120), ts: 0, historical: true);
        twin.Send(1, w => w.Number("speed"u8, 0, new ReadingDetail { Quality = Quality.Bad }), ts: 1);
        Assert.Empty(twin.State.Commands);
    }

    [Fact]
    public void A_feature_that_was_made_with_a_historical_reading_is_historical()
    {
        FoldRig twin = new(
            new TwinDefinition
            {
                Kind = "fan",
                Telemetry = [new() { Name = "speed" }, new() { Name = "load" }],
                Commands = [new() { Name = "brake" }],
                Models = [new() { Name = "both", Type = "Sum", Inputs = ["speed", "load"] }],
                Policies =
                [
                    new()
                    {
                        Name = "high",
                        When = "both.sum > 100",
                        Mode = PolicyMode.Act,
                        Command = new PolicyCommand { Name = "brake" },
                    },
                ],
            },
            [new PredictiveModelType("Sum", _ => new Sum())]);
        twin.Number(0, 90, ts: Yesterday, name: "load");
        twin.Number(1, 20, ts: 1, name: "speed");
        Assert.Equal(110, twin.Value("both.sum"));
        Assert.Empty(twin.State.Commands);

        twin.Number(2, 90, ts: 2, name: "load");
        Assert.Single(twin.State.Commands);
    }

    private static FoldRig Fan() => new(
        new TwinDefinition
        {
            Kind = "fan",
            Telemetry = [new() { Name = "speed" }],
            Commands = [new() { Name = "brake" }],
            Models = [new() { Name = "same", Type = "Same", Inputs = ["speed"] }],
            Policies =
            [
                new()
                {
                    Name = "fast",
                    When = "predictions.same.value > 100",
                    Mode = PolicyMode.Act,
                    Command = new PolicyCommand { Name = "brake" },
                },
            ],
        },
        [new PredictiveModelType("Same", _ => new Same())]);

    /// <summary>Says its input, and leaves what it said where that has no value.</summary>
    private sealed class Same : IPredictiveModel
    {
        public int Version => 1;

        public int StateLength => 1;

        public string? Unit => null;

        public void Initialize(Span<double> state) => state.Clear();

        public void Update(in ModelInput input, Span<double> state, ref Prediction prediction)
        {
            if (!double.IsNaN(input.Inputs[0]))
            {
                prediction = Prediction.None with { Value = input.Inputs[0] };
            }
        }

        public string Explain(in Prediction prediction, ReadOnlySpan<double> state) => "the same";
    }

    /// <summary>Makes the sum of its inputs a telemetry.</summary>
    private sealed class Sum : IPredictiveModel
    {
        public int Version => 1;

        public int StateLength => 1;

        public string? Unit => null;

        public IReadOnlyList<ModelFeature> Features { get; } = [new("sum")];

        public void Initialize(Span<double> state) => state[0] = double.NaN;

        public void Update(in ModelInput input, Span<double> state, ref Prediction prediction) =>
            state[0] = input.Inputs[0] + input.Inputs[1];

        public string Explain(in Prediction prediction, ReadOnlySpan<double> state) => "the sum";
    }
}
