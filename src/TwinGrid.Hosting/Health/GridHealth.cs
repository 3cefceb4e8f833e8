using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;
using TwinGrid.Hosting.Api;
using TwinGrid.Twins.Fencing;

namespace TwinGrid.Hosting.Health;

/// <summary>What a health route answers.</summary>
/// <param name="Status"><c>ok</c>, or what is missing.</param>
internal sealed record HealthBody(string Status);

/// <summary>
/// Whether this process has started, can take traffic, and lives. Live looks at nothing but this process: a store or a
/// cluster that is away must not make an orchestrator kill it. Thread-safe.
/// </summary>
internal sealed class GridHealth(
    IHostApplicationLifetime lifetime, ILocalSiloDetails silo, IClusterMembershipService membership, ITwinStore store,
    SiloLease lease, TimeProvider clock)
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

        if (!lease.IsHeld)
        {
            return "the store does not say whether the silo's twins are still its own";
        }

        try
        {
            await store.ReadDeadLettersAsync(before: null, limit: 1, cancellationToken)
                .WaitAsync(StorePatience, clock, cancellationToken);
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return "the store does not answer";
        }
    }

    public static IResult Startup(GridHealth health) => Answer(health.HasStarted ? null : "starting");

    public static async Task<IResult> ReadyAsync(GridHealth health, CancellationToken cancellationToken) =>
        Answer(await health.FindUnreadyAsync(cancellationToken));

    public static IResult Live() => Answer(missing: null);

    private static IResult Answer(string? missing) => Results.Json(
        new HealthBody(missing ?? "ok"),
        ApiJson.Default.HealthBody,
        statusCode: missing is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
}
