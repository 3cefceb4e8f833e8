using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>What a gateway, or a silo with twins, asks of another gateway.</summary>
[Alias("TwinGrid.IGatewayService")]
internal interface IGatewayService : IGrainService
{
    /// <summary>Brings effects to the sessions of that gateway.</summary>
    /// <returns>For each recall, in order: true where the command was withdrawn.</returns>
    [Alias("Deliver"), ResponseTimeout("00:00:05")]
    Task<bool[]> DeliverAsync(EffectBatch batch);

    /// <summary>Says what the sender subscribes.</summary>
    /// <returns>False when something before it is missing: the whole is needed.</returns>
    [Alias("Hear"), ResponseTimeout("00:00:05")]
    Task<bool> HearAsync(InterestUpdate update);

    /// <summary>Asks for sessions; one answer for each.</summary>
    [Alias("Release"), ResponseTimeout("00:00:05")]
    Task<ClaimAnswer[]> ReleaseAsync(ClaimBatch batch);
}

/// <summary>
/// Takes what other silos send to this gateway. Runs on one scheduler per silo, so it only hands over and waits.
/// </summary>
internal sealed class GatewayService(
    GrainId id,
    Silo silo,
    ILoggerFactory loggers,
    EffectArrivals arrivals,
    GatewayPeers peers,
    SessionRegistry sessions) : GrainService(id, silo, loggers), IGatewayService
{
    public Task<bool[]> DeliverAsync(EffectBatch batch)
    {
        GatewayForm.Ensure(batch.Version);
        return arrivals.TakeAsync(batch);
    }

    public Task<bool> HearAsync(InterestUpdate update)
    {
        GatewayForm.Ensure(update.Version);
        return Task.FromResult(peers.Hear(update));
    }

    public Task<ClaimAnswer[]> ReleaseAsync(ClaimBatch batch)
    {
        GatewayForm.Ensure(batch.Version);
        return Task.WhenAll(Array.ConvertAll(batch.Requests, sessions.ReleaseAsync));
    }
}

/// <summary>Reaches the gateway of a named silo.</summary>
internal sealed class GatewayServiceClient(IServiceProvider services) : GrainServiceClient<IGatewayService>(services)
{
    /// <summary>The gateway of a silo.</summary>
    public IGatewayService Of(SiloAddress silo) => GetGrainService(silo);
}
