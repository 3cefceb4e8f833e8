using TwinGrid.Twins.Definitions;

namespace TwinGrid.Tests.Simulation;

/// <summary>The kind of the simulated twins: a model that keeps a ledger and a policy that commands.</summary>
internal static class SimulatedKind
{
    /// <summary>Above it the policy raises its alarm and sends a command.</summary>
    public const double Limit = 900;

    public const string Name = "engine";

    /// <summary>One for all schedules: what it compiled never changes.</summary>
    public static KindRegistry Registry { get; } = Make();

    private static TwinDefinition Definition => new()
    {
        Kind = Name,
        Telemetry = [new TelemetryDefinition { Name = "speed" }],
        Commands =
        [
            new CommandDefinition { Name = "set", ExpiresIn = TimeSpan.FromSeconds(4) },
            new CommandDefinition { Name = "slow", ExpiresIn = TimeSpan.FromSeconds(4) },
        ],
        Models = [new ModelDefinition { Name = "ledger", Type = "Ledger", Inputs = ["speed"] }],
        Policies =
        [
            new PolicyDefinition
            {
                Name = "fast",
                When = $"speed > {Limit}",
                Clear = $"speed < {Limit - 100}",
                Mode = PolicyMode.Act,
                Cooldown = TimeSpan.FromSeconds(2),
                Command = new PolicyCommand { Name = "slow" },
            },
        ],
    };

    private static KindRegistry Make()
    {
        KindRegistry registry = new(
            new DefinitionSet([Definition]),
            [new PredictiveModelType("Ledger", _ => new LedgerModel())],
            [],
            Stub.Grains((_, _) => Stub.Of<IDefinitionHistory>(_ => Task.FromResult(1))));
        registry.PublishAsync().GetAwaiter().GetResult();
        return registry;
    }
}

/// <summary>Counts, sums and keeps least, greatest and last of the values that became live.</summary>
internal sealed class LedgerModel : PredictiveModel<Ledger>
{
    protected override void Initialize(ref Ledger state) => state = Ledger.Empty;

    protected override void Update(in ModelInput input, ref Ledger state, ref Prediction prediction)
    {
        state = state.With(input.Inputs[0]);
        prediction = Prediction.None with { Value = state.Sum, At = input.Time };
    }

    protected override string Explain(in Prediction prediction, in Ledger state) => $"{state.Count} values";
}

/// <summary>What the ledger keeps; the values are whole numbers, so that the sum is exact.</summary>
internal record struct Ledger(double Count, double Sum, double Least, double Greatest, double Last)
{
    public static Ledger Empty => new(0, 0, double.PositiveInfinity, double.NegativeInfinity, 0);

    public readonly Ledger With(double value) =>
        new(Count + 1, Sum + value, Math.Min(Least, value), Math.Max(Greatest, value), value);
}
