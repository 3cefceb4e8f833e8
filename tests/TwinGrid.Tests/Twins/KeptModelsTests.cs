using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TwinGrid.Models.RemainingLife;
using TwinGrid.Tests.Models;
using TwinGrid.Twins.Definitions;
using TwinGrid.Twins.State;

namespace TwinGrid.Tests.Twins;

/// <summary>What a twin's models learnt, when its kind file is written anew.</summary>
public sealed class KeptModelsTests
{
    private const string Options = """{"limit":80,"direction":"rising"}""";

    private static readonly Dictionary<string, PredictiveModelType> s_types = new ServiceCollection()
        .AddTwinGridModels()
        .BuildServiceProvider()
        .GetServices<PredictiveModelType>()
        .ToDictionary(type => type.Type);

    [Theory]
    [InlineData("""{ "limit": 80, "direction": "rising" }""")]
    [InlineData("{\n  \"limit\": 80,\n  \"direction\": \"ris\\u0069ng\"\n}")]
    public void Options_that_are_only_written_otherwise_keep_what_was_learnt(string options)
    {
        TwinState lived = Lived();

        Assert.Equal(lived.ModelState, Read(Kind(options), StateWriter.Write(lived)).ModelState);
    }

    [Fact]
    public void An_added_policy_keeps_what_was_learnt()
    {
        TwinState lived = Lived();
        PolicyDefinition policy = new() { Name = "hot", When = "heat > 70" };

        Assert.Equal(lived.ModelState, Read(Kind(Options, policy), StateWriter.Write(lived)).ModelState);
    }

    [Theory]
    [InlineData("""{"limit":81,"direction":"rising"}""")]
    [InlineData("""{"limit":80}""")]
    public void Another_option_begins_anew(string options)
    {
        CompiledKind changed = Kind(options);

        TwinState read = Read(changed, StateWriter.Write(Lived()));

        Assert.Equal(new TwinState(read.Twin, changed).ModelState, read.ModelState);
    }

    [Fact]
    public void A_state_that_has_the_options_as_text_keeps_what_was_learnt()
    {
        TwinState lived = Lived();

        Assert.Equal(lived.ModelState, Read(Kind(Options), WithText(lived, Options)).ModelState);
    }

    [Fact]
    public void A_state_that_has_other_options_as_text_begins_anew()
    {
        TwinState lived = Lived();

        TwinState read = Read(lived.Kind, WithText(lived, """{"limit":81,"direction":"rising"}"""));

        Assert.Equal(new TwinState(read.Twin, lived.Kind).ModelState, read.ModelState);
    }

    [Fact]
    public void A_stored_state_is_small_however_large_the_parameters_of_its_models_are()
    {
        RemainingLifeParameters parameters = RemainingLifeFleet.Parameters;
        TwinState state = new FoldRig(
            new TwinDefinition
            {
                Kind = "engine",
                Telemetry = [.. RemainingLifeFleet.ModelInputs.Select(name => new TelemetryDefinition { Name = name })],
                Models = [RemainingLifeFleet.Define(parameters)],
            },
            s_types.Values).State;

        int besideModels = StateWriter.Write(state).Length - (sizeof(double) * state.ModelState.Length);

        Assert.InRange(parameters.ToJson().Length, 10_000, int.MaxValue);
        Assert.InRange(besideModels, 0, 1_000);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void A_feature_is_read_by_models_after_the_one_that_makes_it(int signals, int anomaly)
    {
        ModelDefinition[] models = new ModelDefinition[2];
        models[signals] = new ModelDefinition { Name = "shaft", Type = "Signals", Inputs = ["block"] };
        models[anomaly] = new ModelDefinition { Name = "odd", Type = "Anomaly", Inputs = ["shaft.rms"] };
        TwinDefinition kind = new()
        {
            Kind = "pump",
            Telemetry =
            [
                new TelemetryDefinition { Name = "block", Type = TelemetryType.Waveform },
                new TelemetryDefinition { Name = "shaft.rms" },
            ],
            Models = models,
        };

        Exception? refused = Record.Exception(() => Compile(kind));

        Assert.Equal(
            signals < anomaly
                ? null
                : "pump: $.models[0].inputs: 'shaft.rms' is made by the model 'shaft': list this one after it",
            refused?.Message);
    }

    private static TwinState Lived()
    {
        FoldRig twin = new(Definition(Options), s_types.Values);
        for (int i = 0; i < 40; i++)
        {
            twin.Number(i, 20 + i + (i % 3), name: "heat");
        }

        return twin.State;
    }

    private static TwinState Read(CompiledKind kind, byte[] stored) =>
        StateReader.Read(new TwinId("pump", "p1"), kind, stored);

    /// <summary>As it was written until the options were a sum of them.</summary>
    private static byte[] WithText(TwinState state, string options)
    {
        string stored = Encoding.Latin1.GetString(StateWriter.Write(state));
        return Encoding.Latin1.GetBytes(stored.Replace(
            Prefixed(state.Kind.Models[0].Fingerprint),
            Prefixed($"trend|TrendToLimit|{state.Kind.Models[0].Model.Version}|heat||{options}"),
            StringComparison.Ordinal));
    }

    private static string Prefixed(string text)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write(text);
        return Encoding.Latin1.GetString(stream.ToArray());
    }

    private static CompiledKind Kind(string options, params PolicyDefinition[] policies) =>
        Compile(Definition(options, policies));

    private static CompiledKind Compile(TwinDefinition kind) =>
        CompiledKind.Compile(kind, 2, s_types, new Dictionary<string, ControlPolicyType>());

    private static TwinDefinition Definition(string options, params PolicyDefinition[] policies) => new()
    {
        Kind = "pump",
        Telemetry = [new TelemetryDefinition { Name = "heat" }],
        Models =
        [
            new ModelDefinition
            {
                Name = "trend",
                Type = "TrendToLimit",
                Inputs = ["heat"],
                Options = JsonDocument.Parse(options).RootElement,
            },
        ],
        Policies = policies,
    };
}
