using System.Text.Json;
using TwinGrid.MqttGateway.Delivery;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

/// <summary>Why an alarm was raised or cleared, as data.</summary>
public sealed class AlarmEvidenceTests
{
    [Fact]
    public void A_comparison_is_told_with_what_was_read_and_its_bound()
    {
        FoldRig twin = Pump(
            new PolicyDefinition { Name = "hot", When = "temperature > 85", Clear = "temperature < 80" });
        twin.Number(0, 90);
        Assert.Equal(["temperature 90 degreeCelsius > 85"], Told(twin, "hot"));

        twin.Number(1, 79);
        Assert.Equal(["temperature 79 degreeCelsius < 80"], Told(twin, "hot"));
    }

    [Fact]
    public void Only_what_decided_is_told()
    {
        FoldRig twin = Pump(
            new PolicyDefinition { Name = "bad", When = "temperature > 85 or pressure > 5 and running" });
        Send(twin, 0, temperature: 20, pressure: 6);
        twin.Send(1, w => w.Boolean("running"u8, true));
        Assert.Equal(["pressure 6 > 5", "running true"], Told(twin, "bad"));
    }

    [Fact]
    public void Where_a_computed_number_is_compared_what_it_was_computed_of_follows()
    {
        FoldRig twin = Pump(
            new PolicyDefinition { Name = "apart", When = "abs(temperature - pressure) > pressure * 2" });
        Send(twin, 0, temperature: 20, pressure: 6);
        Assert.Equal(
            ["abs(temperature - pressure) 14 > 12", "temperature 20 degreeCelsius", "pressure 6"], Told(twin, "apart"));
    }

    [Fact]
    public void A_prediction_is_told_with_what_its_model_expected_and_the_inputs_behind_it()
    {
        FoldRig twin = Pump(new PolicyDefinition { Name = "odd", When = "predictions.half.value > 40" });
        twin.Number(0, 90);
        AlarmEvidence evidence = Assert.Single(twin.State.FindAlarm("odd")!.Evidence);
        Assert.Equal(("predictions.half.value", 45, 21), (evidence.Input, evidence.Seen.Number, evidence.Expected));
        Assert.Equal(new Contribution("temperature", 21, 90, 1), Assert.Single(evidence.Contributions!));
    }

    [Fact]
    public void A_model_that_cannot_say_its_reason_does_not_keep_an_alarm_from_being_raised()
    {
        FoldRig twin = Pump(new PolicyDefinition { Name = "odd", When = "predictions.half.value > 40" }, mute: true);
        twin.Number(0, 90);
        Assert.Equal(["predictions.half.value 45 > 40"], Told(twin, "odd"));
    }

    [Fact]
    public void Silence_and_a_wrong_clock_are_told_with_their_seconds()
    {
        FoldRig twin = Pump(new PolicyDefinition { Name = "never", When = "temperature > 1000" });
        twin.Number(0, 20);
        twin.Apply(PackedInputs.Pack(InputKind.Tick, FoldRig.At(25)));
        Assert.Equal(["age(temperature) 25 s >= 20"], Told(twin, "_noData"));
        twin.Number(26, 20);
        Assert.Equal(["age(temperature) 0 s < 20"], Told(twin, "_noData"));

        for (int i = 0; i < 5; i++)
        {
            twin.Number(100 + i, 20, ts: i);
        }

        Assert.Equal(["clockOffset 100 s ? 60"], Told(twin, "_clock"));
    }

    [Fact]
    public void A_command_without_effect_is_told_with_what_was_seen_instead()
    {
        FoldRig twin = Pump(new PolicyDefinition
        {
            Name = "hot",
            When = "temperature > 85",
            Mode = PolicyMode.Act,
            Command = new PolicyCommand { Name = "cool" },
            Verify = new PolicyVerification { Expect = "temperature < 80", Within = TimeSpan.FromSeconds(5) },
        });
        twin.Number(0, 90);
        twin.Apply(PackedInputs.Pack(InputKind.Tick, FoldRig.At(6)));
        Assert.Equal(["temperature 90 degreeCelsius >= 80"], Told(twin, "hot.unverified"));
        twin.Number(7, 70);
        Assert.Equal(["temperature 70 degreeCelsius < 80"], Told(twin, "hot.unverified"));
    }

    [Fact]
    public void It_stands_in_the_state_in_the_API_and_in_the_message()
    {
        FoldRig twin = Pump(new PolicyDefinition
        {
            Name = "odd",
            When = "predictions.half.value > 40 and properties.reported.mode == 'auto' and temperature > 80",
        });
        twin.Apply(PackedInputs.Pack(InputKind.ReportedProperties, FoldRig.At(0), """{"mode":"auto"}"""u8));
        twin.Number(1, 90);
        byte[] stored = StateWriter.Write(twin.State);
        TwinState read = StateReader.Read(twin.State.Twin, twin.State.Kind, stored);
        Assert.Equal(stored, StateWriter.Write(read));

        const string Expected =
            """
            [{"input":"predictions.half.value","seen":45,"operator":">","threshold":40,"expected":21,
              "contributions":[{"name":"temperature","expected":21,"seen":90,"share":1}]},
             {"input":"properties.reported.mode","seen":"auto","operator":"==","threshold":"auto"},
             {"input":"temperature","seen":90,"unit":"degreeCelsius","operator":">","threshold":80}]
            """;
        JsonElement api = JsonSerializer.SerializeToElement(
            SnapshotBuilder.Snapshot(read), TwinGridJson.Readable.TwinSnapshot);
        ShouldBe(Expected, api.GetProperty("alarms")[0]);
        TwinEffect effect = new()
        {
            Twin = read.Twin,
            Kind = EffectKind.Alarm,
            Name = "odd",
            Alarm = read.Alarms[0].ToSnapshot(),
        };
        ShouldBe(
            Expected,
            JsonDocument.Parse(EffectMessages.Of("twins", effect, FoldRig.Epoch)!.Payload).RootElement);
    }

    [Fact]
    public void A_state_that_was_stored_before_is_read_without_it()
    {
        FoldRig twin = Pump(new PolicyDefinition { Name = "hot", When = "temperature > 85" });
        twin.Number(0, 90);
        twin.State.FindAlarm("hot")!.Evidence = [];
        byte[] stored = StateWriter.Write(twin.State);

        // Form 4 had no count of evidence, here 0, before the number of commands, which is last.
        byte[] older = [4, .. stored[1..^5], .. stored[^4..]];
        AlarmRecord alarm = StateReader.Read(twin.State.Twin, twin.State.Kind, older).FindAlarm("hot")!;
        Assert.Equal((AlarmState.Active, "temperature is 90 degreeCelsius (> 85)"), (alarm.State, alarm.Why));
        Assert.Null(alarm.ToSnapshot().Evidence);
    }

    [Fact]
    public void Text_is_cut_and_the_list_is_bounded()
    {
        string condition = string.Join(" or ", Enumerable.Range(1, 30).Select(i => $"temperature > {i}"));
        FoldRig twin = Pump(
            new PolicyDefinition { Name = "long", When = "has(note) and note != 'fine'" },
            extra: new PolicyDefinition { Name = "many", When = condition });
        twin.Send(0, w =>
        {
            w.Text("note"u8, System.Text.Encoding.UTF8.GetBytes(new string('x', 5_000)));
            w.Number("temperature"u8, 90);
        });
        Assert.InRange(twin.State.FindAlarm("long")!.Evidence[1].Seen.Text!.Length, 60, 70);
        Assert.Equal(16, twin.State.FindAlarm("many")!.Evidence.Count);
    }

    [Fact]
    public void An_alarm_that_stands_costs_nothing_at_the_next_reading()
    {
        FoldRig twin = Pump(new PolicyDefinition { Name = "hot", When = "temperature > 85 and temperature - 1 > 3" });
        byte[][] readings = [.. Enumerable.Range(0, 400).Select(i => Packed(i, 90 + i))];
        Apply(twin, readings.AsSpan(0, 200));
        Assert.Equal(AlarmState.Active, twin.State.FindAlarm("hot")!.State);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Apply(twin, readings.AsSpan(200));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Apply(FoldRig twin, Span<byte[]> readings)
    {
        foreach (byte[] inputs in readings)
        {
            twin.Effects.Clear();
            TwinFold.Apply(twin.State, twin.Header, inputs, twin.Effects);
        }
    }

    private static byte[] Packed(double received, double temperature)
    {
        ReadingWriter writer = new();
        writer.BeginMessage(new MessageHeader { Received = FoldRig.At(received) });
        writer.Number("temperature"u8, temperature);
        writer.EndMessage();
        return writer.Written.ToArray();
    }

    private static void Send(FoldRig twin, double received, double temperature, double pressure) =>
        twin.Send(received, w =>
        {
            w.Number("temperature"u8, temperature);
            w.Number("pressure"u8, pressure);
        });

    private static void ShouldBe(string expected, JsonElement alarm) => Assert.True(
        JsonElement.DeepEquals(JsonElement.Parse(expected), alarm.GetProperty("evidence")), alarm.GetRawText());

    private static IEnumerable<string> Told(FoldRig twin, string alarm) =>
        twin.State.FindAlarm(alarm)!.Evidence.Select(entry => string.Join(' ', new[]
        {
            entry.Input,
            entry.Seen.Type == TelemetryType.Boolean ? (entry.Seen.Boolean ? "true" : "false") : $"{entry.Seen.Number}",
            entry.Unit,
            entry.Operator ?? (entry.Threshold is null ? null : "?"),
            entry.Threshold is { } bound ? $"{bound.Number}" : null,
        }.Where(part => part is not null)));

    private static FoldRig Pump(PolicyDefinition policy, bool mute = false, PolicyDefinition? extra = null) => new(
        new TwinDefinition
        {
            Kind = "pump",
            Telemetry =
            [
                new() { Name = "temperature", Unit = "degreeCelsius", ExpectEvery = TimeSpan.FromSeconds(10) },
                new() { Name = "pressure" },
                new() { Name = "running", Type = TelemetryType.Boolean },
                new() { Name = "note", Type = TelemetryType.Text },
            ],
            Commands = [new() { Name = "cool" }],
            Models = [new() { Name = "half", Type = "Half", Inputs = ["temperature"] }],
            Policies = extra is null ? [policy] : [policy, extra],
        },
        [new PredictiveModelType("Half", _ => new Half { IsMute = mute })]);

    /// <summary>Half of its input; it expects 21 of it.</summary>
    private sealed class Half : IPredictiveModel
    {
        public bool IsMute { get; init; }

        public int Version => 1;

        public int StateLength => 1;

        public string? Unit => null;

        public void Initialize(Span<double> state) => state.Clear();

        public void Update(in ModelInput input, Span<double> state, ref Prediction prediction)
        {
            state[0] = input.Inputs[0];
            prediction = Prediction.None with { Value = state[0] / 2, Expected = IsMute ? double.NaN : 21 };
        }

        public string Explain(in Prediction prediction, ReadOnlySpan<double> state) => "half";

        public IReadOnlyList<Contribution> Contributions(in Prediction prediction, ReadOnlySpan<double> state) =>
            IsMute ? throw new InvalidOperationException("no words") : [new("temperature", 21, state[0], 1)];
    }
}
