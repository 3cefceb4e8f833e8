using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Another silo as this one's gateway and twins see it: what its gateway subscribes, and the lanes to it. Thread-safe.
/// </summary>
internal sealed class GatewayPeer : IDisposable
{
    private readonly GatewayRoad _road;
    private readonly InterestLane _telling;
    private readonly ClaimLane _claims;

    [SuppressMessage("Reliability", "CA2000", Justification = "The lanes are disposed when they have ended.")]
    public GatewayPeer(GatewayRoad road, SiloAddress self, string root, LocalInterest interest, Action missed)
    {
        _road = road;
        Id = road.Silo.ToParsableString();
        Interest = new RemoteInterest(root);
        Effects = new EffectLane(road, self);
        _telling = new InterestLane(road, self, interest, missed);
        _claims = new ClaimLane(road);
    }

    /// <summary>The silo.</summary>
    public SiloAddress Silo => _road.Silo;

    /// <summary>What its sessions' tokens begin with.</summary>
    public string Id { get; }

    /// <summary>What its gateway subscribes.</summary>
    public RemoteInterest Interest { get; }

    /// <summary>The effects on their way to it.</summary>
    public EffectLane Effects { get; }

    /// <summary>True once it was seen in the membership; before it may have told of itself.</summary>
    public bool IsMember { get; set; }

    /// <summary>Begins; ends when the silo is gone.</summary>
    public Task RunAsync() => Task.WhenAll(
        Task.Run(Effects.RunAsync), Task.Run(_telling.RunAsync), Task.Run(_claims.RunAsync));

    /// <summary>This gateway's sessions subscribe something else.</summary>
    public void Tell() => _telling.Wake();

    /// <inheritdoc cref="InterestLane.WhenToldAsync"/>
    public Task WhenToldAsync(long version) => _telling.WhenToldAsync(version);

    /// <inheritdoc cref="InterestLane.GiveUp"/>
    public void GiveUp(long version) => _telling.GiveUp(version);

    /// <inheritdoc cref="ClaimLane.AskAsync"/>
    public Task<ClaimAnswer?> AskAsync(ClaimRequest request) => _claims.AskAsync(request);

    /// <summary>Sends it what its sessions may hear of these effects, in their order.</summary>
    public void Offer(IReadOnlyList<TwinEffect> effects)
    {
        if (!Interest.Listens)
        {
            return;
        }

        List<TwinEffect>? heard = null;
        ulong hash = 0;
        for (int i = 0; i < effects.Count; i++)
        {
            if (Heard(effects[i], ref hash) is { } effect)
            {
                (heard ??= []).Add(effect);
            }
        }

        if (heard is not null)
        {
            Effects.Publish(heard);
        }
    }

    /// <summary>True when it may have a command to send.</summary>
    public bool MayHave(TwinEffect command)
    {
        ulong hash = 0;
        return Interest.Listens
            && (!Interest.IsKnown || Interest.Hears(command.Twin, ref hash, EffectKind.Command, command.Name));
    }

    /// <summary>The silo is gone.</summary>
    public void Close() => _road.Close();

    /// <inheritdoc/>
    public void Dispose()
    {
        _road.Dispose();
        _telling.Dispose();
        Effects.Dispose();
    }

    /// <summary>What of an effect the gateway is sent; null for nothing.</summary>
    private TwinEffect? Heard(TwinEffect effect, ref ulong hash)
    {
        switch (effect.Kind)
        {
            case EffectKind.Deleted:
                return effect;
            case EffectKind.State or EffectKind.Prediction:
                return Interest.Hears(effect.Twin, ref hash, effect.Kind, effect.Name) ? effect : null;
            case EffectKind.Command when effect.IsRepeated:
                return !Interest.IsKnown || Interest.HearsLiterally(effect.Twin, ref hash, effect.Kind) ? effect : null;
            case EffectKind.Command:
                return !Interest.IsKnown || Interest.Hears(effect.Twin, ref hash, effect.Kind, effect.Name)
                    ? effect : null;
            default:
                // What is retained: who subscribes to it later must know that it is there.
                return !Interest.IsKnown || Interest.Hears(effect.Twin, ref hash, effect.Kind, effect.Name)
                    ? effect : effect with { Alarm = null, Desired = null };
        }
    }
}
