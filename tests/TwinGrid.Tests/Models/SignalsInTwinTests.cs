using TwinGrid.Dtdl;
using TwinGrid.Models.Anomaly;
using TwinGrid.Models.Signals;
using TwinGrid.Tests.Twins;
using TwinGrid.Twins;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Models;

/// <summary>A twin whose device sends waveforms: its other models and its policies run on the features.</summary>
public sealed class SignalsInTwinTests
{
    private const double Rate = 12_000;

    private const string KindFile =
        """
        { "kind": "pump",
          "telemetry": {
            "vibration": { "type": "waveform", "unit": "metrePerSecondSquared" },
            "speed": { "unit": "rpm" },
            "bearing.kurtosis": { "keep": "400d" } },
          "models": [
            { "name": "bearing", "type": "Signals", "inputs": ["vibration", "speed"],
              "options": { "balls": 9, "ballDiameter": 0.3126, "pitchDiameter": 1.537 } },
            { "name": "loud", "type": "Anomaly", "inputs": ["bearing.rms"] } ],
          "policies": [
            { "name": "outerRing", "when": "bearing.bpfo > 0.5 and predictions.bearing.value > 4" } ] }
        """;

    private static readonly PredictiveModelType[] Types =
    [
        new(SignalFeatures.TypeName, d => new SignalFeatures(d)),
        new(SignalAnomaly.TypeName, d => new SignalAnomaly(d)),
    ];

    private static readonly double[] Sound = SignalBlocks.Gaussian(4096, 1, 0.3);
    private static readonly double[] Damaged = SignalBlocks.Defect(4096, Rate, 3.5848 * 1797 / 60, 3300, 0.3, 7);

    private readonly TwinSimulation _pump = new(DefinitionLoader.Parse(KindFile, "pump.twin.json"), Types);

    [Fact]
    public void Features_are_telemetry_of_the_twin()
    {
        _pump.Read(("speed", 1797)).ReadWaveform("vibration", Rate, Sound);

        WaveformFeatures block = new WaveformBlock(Sound, Rate).Measure()!;
        TelemetrySnapshot rms = _pump.Snapshot.Telemetry["bearing.rms"];
        Assert.Equal(block.Rms, rms.Value.Number);
        Assert.Equal("metrePerSecondSquared", rms.Unit);
        Assert.Equal(block.Kurtosis, _pump.Snapshot.Telemetry["bearing.kurtosis"].Value.Number);
        Assert.Null(_pump.Snapshot.Telemetry["bearing.kurtosis"].Unit);
        Assert.Equal(_pump.Snapshot.Telemetry["vibration"].SourceTime, rms.SourceTime);
    }

    [Fact]
    public void Other_models_and_policies_run_on_them()
    {
        _pump.Read(("speed", 1797)).ReadWaveform("vibration", Rate, Sound);
        Assert.Empty(_pump.Alarms);
        Assert.Equal(
            _pump.Snapshot.Telemetry["vibration"].SourceTime, _pump.Snapshot.Predictions["loud"].At);

        _pump.Wait(TimeSpan.FromMinutes(1)).ReadWaveform("vibration", Rate, Damaged);
        Assert.Equal("outerRing", Assert.Single(_pump.Alarms).Name);
        Assert.Equal("bpfo", _pump.Snapshot.Predictions["bearing"].Contributions![0].Name);
    }

    [Fact]
    public void A_message_without_a_block_makes_no_feature_new()
    {
        _pump.Read(("speed", 1797)).ReadWaveform("vibration", Rate, Sound);
        TelemetrySnapshot before = _pump.Snapshot.Telemetry["bearing.rms"];

        _pump.Wait(TimeSpan.FromMinutes(1)).Read(("speed", 1800));
        Assert.Equal(before, _pump.Snapshot.Telemetry["bearing.rms"]);
        Assert.Equal(1, before.Count);
    }

    [Fact]
    public void A_message_without_a_block_makes_no_prediction_newer()
    {
        _pump.Read(("speed", 1797)).ReadWaveform("vibration", Rate, Sound);
        PredictionSnapshot before = _pump.Snapshot.Predictions["bearing"];
        Assert.Equal(_pump.Snapshot.Telemetry["vibration"].SourceTime, before.At);

        _pump.Wait(TimeSpan.FromMinutes(1)).Read(("speed", 1800));
        PredictionSnapshot after = _pump.Snapshot.Predictions["bearing"];
        Assert.Equal((before.Value, before.At, before.For), (after.Value, after.At, after.For));

        // The same block once more says the same, and says it of a later time.
        _pump.Wait(TimeSpan.FromMinutes(1)).Read(("speed", 1797)).ReadWaveform("vibration", Rate, Sound);
        after = _pump.Snapshot.Predictions["bearing"];
        Assert.Equal(before.Value, after.Value);
        Assert.Equal(before.At + TimeSpan.FromMinutes(2), after.At);
    }

    [Fact]
    public void Before_a_block_came_the_reason_says_so()
    {
        _pump.Read(("speed", 1797));
        Assert.Equal("no block of vibration has come yet", _pump.Snapshot.Predictions["bearing"].Why);
    }

    [Fact]
    public void A_state_that_was_written_and_read_goes_on_bit_for_bit()
    {
        FoldRig twin = new(DefinitionLoader.Parse(KindFile, "pump.twin.json"), Types);
        Send(twin, 0, Sound);
        TwinState copy = StateReader.Read(twin.State.Twin, twin.State.Kind, StateWriter.Write(twin.State));
        long before = twin.Log.Length;
        Send(twin, 60, Damaged);
        TwinFold.Apply(copy, twin.Header, twin.Log[(int)before..], new TurnEffects());
        copy.Revision++;

        Assert.Equal(StateWriter.Write(twin.State), StateWriter.Write(copy));
    }

    [Fact]
    public void Three_axes_in_one_message_go_each_to_its_model()
    {
        TwinDefinition kind = new()
        {
            Kind = "pump",
            Telemetry = [Waveform("x"), Waveform("y")],
            Models = [Signals("onX", "x"), Signals("onY", "y")],
        };
        FoldRig twin = new(kind, Types);
        twin.Send(0, w =>
        {
            w.Waveform("y"u8, 1000, WaveformEncoding.Int16, 0.5, [4, 0, 0xFC, 0xFF]);
            w.Waveform("x"u8, 1000, WaveformEncoding.Int16, 1, [3, 0, 0xFD, 0xFF]);
        });

        // ±3, and ±4 halves.
        Assert.Equal(3, twin.Value("onX.rms"));
        Assert.Equal(2, twin.Value("onY.rms"));
    }

    [Fact]
    public void A_block_that_cannot_be_used_changes_no_feature()
    {
        _pump.Read(("speed", 1797)).ReadWaveform("vibration", Rate, Sound);
        TelemetrySnapshot before = _pump.Snapshot.Telemetry["bearing.rms"];

        _pump.ReadWaveform("vibration", Rate, 1, double.NaN, 2).ReadWaveform("vibration", Rate);
        Assert.Equal(before, _pump.Snapshot.Telemetry["bearing.rms"]);
        Assert.Equal(2, _pump.Snapshot.Counters.Rejected);
    }

    [Theory]
    [InlineData("Anomaly", "vibration", "$.models[1].inputs[0]: 'vibration' is a waveform, Anomaly reads numbers here")]
    [InlineData("Signals", "speed", "$.models[1].inputs[0]: 'speed' is no waveform, which Signals reads here")]
    [InlineData("Anomaly", "bearing.rsm", "$.models[1].inputs[0]: the kind has no telemetry 'bearing.rsm'; there are ")]
    public void An_input_of_the_wrong_sort_is_refused(string type, string input, string problem)
    {
        TwinDefinition kind = DefinitionLoader.Parse(KindFile, "pump.twin.json");
        kind = kind with
        {
            Models = [kind.Models[0], new ModelDefinition { Name = "wrong", Type = type, Inputs = [input] }],
        };

        Assert.Contains(
            problem,
            Assert.Throws<DefinitionException>(() => new TwinSimulation(kind, Types)).Message,
            StringComparison.Ordinal);
    }

    private static TelemetryDefinition Waveform(string name) => new() { Name = name, Type = TelemetryType.Waveform };

    private static ModelDefinition Signals(string name, string input) =>
        new() { Name = name, Type = "Signals", Inputs = [input] };

    private static void Send(FoldRig twin, double at, double[] block) => twin.Send(at, w =>
    {
        w.Number("speed"u8, 1797);
        w.Waveform(
            "vibration"u8,
            Rate,
            WaveformEncoding.Float64,
            1,
            System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(block));
    });
}
