using System.Globalization;
using Orleans.Runtime;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Twins.Presence;

/// <summary>
/// Which gateways live. The id of a presence begins with the address of its gateway's silo, generation included; when
/// the membership says that the silo is dead, the twins that it fed hear that their device is gone, by an input in
/// their log: those that are active here at once, the others when they wake. Thread-safe.
/// </summary>
internal sealed class GatewayLives : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private const char Separator = '#';

    /// <summary>What a gateway sent before its end may be on its way still: it is looked again after this.</summary>
    private static readonly TimeSpan Straggling = TimeSpan.FromSeconds(5);

    private readonly ActiveTwins _active;
    private readonly TimeProvider _clock;
    private readonly IClusterMembershipService? _membership;
    private readonly SiloAddress? _self;
    private readonly long _startedAt;
    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;

    public GatewayLives(
        ActiveTwins active, TimeProvider clock, IClusterMembershipService membership, ILocalSiloDetails local)
        : this(active, clock)
    {
        _membership = membership;
        _self = local.SiloAddress;
    }

    /// <summary>Without a cluster, for simulations.</summary>
    internal GatewayLives(ActiveTwins active, TimeProvider clock)
    {
        _active = active;
        _clock = clock;
        _startedAt = UnixMicroseconds.Now(clock);
    }

    /// <summary>The input that ends a presence.</summary>
    public static byte[] Gone(string session, long now) => PackedInputs.Pack(
        InputKind.Presence, now, new PresenceInput(false, session), TwinGridJson.Default.PresenceInput);

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(GatewayLives),
        ServiceLifecycleStage.RuntimeGrainServices,
        _ =>
        {
            _watching = Task.Run(WatchAsync, CancellationToken.None);
            return Task.CompletedTask;
        },
        async _ =>
        {
            await _stopping.CancelAsync();
            await _watching;
        });

    /// <summary>True when the gateway of a presence is no more.</summary>
    /// <param name="session">The presence.</param>
    /// <param name="since">When it began, Unix microseconds.</param>
    public bool IsGone(string session, long since)
    {
        if (_membership is null || Gateway(session) is not { } gateway)
        {
            // Of a version that did not name its silo, and then there was but one.
            return since < _startedAt;
        }

        return _membership.CurrentSnapshot.GetSiloStatus(gateway) switch
        {
            SiloStatus.Dead => true,

            // Not in the cluster, of which all that is older than this silo was read at its start; a younger one may
            // not have been heard of yet. The generation alone does not say it: the clock may have been set back.
            SiloStatus.None => gateway.Generation < _self!.Generation
                || (gateway.Endpoint.Equals(_self.Endpoint) && gateway.Generation != _self.Generation),
            _ => false,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private static SiloAddress? Gateway(string session)
    {
        int end = session.LastIndexOf(Separator);
        return end > 0 && SiloAddress.TryParse(session[..end], CultureInfo.InvariantCulture, out SiloAddress? silo)
            ? silo : null;
    }

    private async Task WatchAsync()
    {
        HashSet<SiloAddress> known = [];
        try
        {
            await foreach (ClusterMembershipSnapshot cluster in
                _membership!.MembershipUpdates.WithCancellation(_stopping.Token))
            {
                string[] dead =
                [
                    .. cluster.Members.Values
                        .Where(member => member.Status == SiloStatus.Dead && known.Add(member.SiloAddress))
                        .Select(member => member.SiloAddress.ToParsableString() + Separator),
                ];
                if (dead.Length > 0)
                {
                    _ = EndAllAsync(dead);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private async Task EndAllAsync(string[] dead)
    {
        EndAll(dead);
        await Task.Delay(Straggling, _clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        EndAll(dead);
    }

    private void EndAll(string[] dead)
    {
        foreach ((TwinId twin, TwinInbox inbox) in _active.All)
        {
            // Where it has changed by then the twin does not heed it.
            if (inbox.PresenceSession is { Length: > 0 } session
                && Array.Exists(dead, gateway => session.StartsWith(gateway, StringComparison.Ordinal)))
            {
                inbox.TryPost(new TwinCall(twin, Gone(session, UnixMicroseconds.Now(_clock))));
            }
        }
    }
}
