using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;
using TwinGrid.Hosting.Api;
using TwinGrid.MqttGateway.Bridging;
using TwinGrid.Twins.Committing;
using TwinGrid.Twins.Fencing;

namespace TwinGrid.Hosting.Health;

/// <summary>What a health route answers.</summary>
/// <param name="Status"><c>ok</c>, <c>degraded</c>, or what is missing.</param>
/// <param name="Reason">Why it is degraded; null where it is not.</param>
internal sealed record HealthBody(string Status, string? Reason = null);

/// <summary>
/// Whether this process has started, can take traffic, and lives. Live looks at nothing but this process: a store or a
/// cluster that is away must not make an orchestrator kill it. Thread-safe.
/// </summary>
/// <remarks>
/// A store that takes no commits makes it not ready although reads go on: what comes here could not be kept, and
/// another silo's disk may be well. Senders that are only held back make it degraded: sending them elsewhere helps
/// nobody. So does a bridge whose broker is away: what comes in on other ways is taken as well as ever.
/// </remarks>
internal sealed class GridHealth(
    IHostApplicationLifetime lifetime, ILocalSiloDetails silo, IClusterMembershipService membership, ITwinStore store,
    CommitHealth commits, SiloLease lease, IngestBudget budget, BridgeStatus bridge, TimeProvider clock)
{
    /// <summary>How long the store may take to answer before the process is not ready.</summary>
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(2);

    /// <summary>True from the moment that everything runs.</summary>
    public bool HasStarted => lifetime.ApplicationStarted.IsCancellationRequested;

    /// <summary>Null when the process can take traffic, else what is missing.</summary>
    public async Task<string?> FindUnreadyAsync(CancellationToken cancellationToken)
    {
        if (!HasStarted)
        {
            return "starting";
        }

        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return "stopping";
        }

        if (membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress) != SiloStatus.Active)
        {
            return "the silo is not active";
        }

        if (commits.FindRefusal(StorePatience) is { } reason)
        {
            return $"the store takes no commits: {reason}";
        }

        try
        {
            await store.ReadDeadLettersAsync(before: null, limit: 1, cancellationToken)
                .WaitAsync(StorePatience, clock, cancellationToken);
            return lease.IsHeld ? null : "the store does not say whether the silo's twins are still its own";
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return "the store does not answer";
        }
    }

    public static IResult Startup(GridHealth health) => Answer(health.HasStarted ? null : "starting");

    public static async Task<IResult> ReadyAsync(GridHealth health, CancellationToken cancellationToken) =>
        Answer(await health.FindUnreadyAsync(cancellationToken), health.FindStrain());

    public static IResult Live() => Answer(missing: null);

    private string? FindStrain() => budget.IsFull
        ? "as much waits for the store as TwinGrid:Limits:IngestBytes allows: senders are held back"
        : budget.IsHigh
        ? "half of what TwinGrid:Limits:IngestBytes allows waits for the store: messages of QoS 0 are dropped"
        : bridge.FindTrouble();

    private static IResult Answer(string? missing, string? strain = null) => Results.Json(
        new HealthBody(missing ?? (strain is null ? "ok" : "degraded"), missing is null ? strain : null),
        ApiJson.Readable.HealthBody,
        statusCode: missing is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
}
