using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// The other silos of the cluster, as its membership says, with what their gateways subscribe. In a process without a
/// silo, and in a cluster of one, there are none. Thread-safe.
/// </summary>
internal sealed partial class GatewayPeers : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>How long somebody waits for others who do not answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>How long it is remembered what a gateway that is gone may have sent.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly IServiceProvider _services;
    private readonly IClusterMembershipService? _membership;
    private readonly SiloAddress? _self;
    private readonly LocalInterest _interest;
    private readonly string _root;
    private readonly TimeProvider _clock;
    private readonly ILogger<GatewayPeers> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private GatewayServiceClient? _client;
    private Task _watching = Task.CompletedTask;
    private volatile GatewayPeer[] _all = [];
    private volatile Gone[] _gone = [];
    private volatile bool _hadCompany;

    public GatewayPeers(
        IServiceProvider services,
        LocalInterest interest,
        IOptions<MqttOptions> options,
        TimeProvider clock,
        ILogger<GatewayPeers> logger)
    {
        _services = services;
        _membership = services.GetService<IClusterMembershipService>();
        _self = services.GetService<ILocalSiloDetails>()?.SiloAddress;
        _interest = interest;
        _root = options.Value.TopicRoot;
        _clock = clock;
        _logger = logger;
        Id = _self?.ToParsableString()
            ?? Guid.CreateVersion7(clock.GetUtcNow()).ToString("N", CultureInfo.InvariantCulture);
        interest.Changed += Tell;
    }

    /// <summary>A gateway came: it must hear of the clients that connected just before.</summary>
    public event Action<GatewayPeer>? Came;

    /// <summary>A gateway is gone, and its sessions wait in the store.</summary>
    public event Action? Left;

    /// <summary>Others did not know in time what is subscribed here: what is owed must be asked for.</summary>
    public event Action? Missed;

    /// <summary>This gateway's name: the silo's address, with its generation; never that of another process.</summary>
    public string Id { get; }

    /// <summary>This silo; null in a process without one.</summary>
    public SiloAddress? Self => _self;

    /// <summary>The other silos.</summary>
    public IReadOnlyList<GatewayPeer> All => _all;

    /// <summary>True while no other silo was ever seen: nobody else has sessions, or had since the start.</summary>
    public bool IsAlone => !_hadCompany;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(GatewayPeers), ServiceLifecycleStage.AfterRuntimeGrainServices, StartAsync, StopAsync);

    /// <summary>The name of one of this gateway's sessions or connections.</summary>
    public string Token(long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{Id}{PresenceInput.GatewayEnd}{number}");

    /// <summary>True when a gateway's process lives, as far as is known here.</summary>
    public bool Lives(string id) => id == Id || Array.Exists(_all, peer => peer.Id == id);

    /// <summary>
    /// True when a gateway's process is certainly no more. One that only does not live, as far as is known here, may
    /// be younger than what is known.
    /// </summary>
    public bool IsGone(string id)
    {
        if (_self is null || !SiloAddress.TryParse(id, CultureInfo.InvariantCulture, out SiloAddress? silo))
        {
            // A process without a silo is alone with its store, and so was whoever wrote such a name.
            return id != Id;
        }

        return _membership?.CurrentSnapshot.GetSiloStatus(silo) switch
        {
            SiloStatus.Dead => true,
            SiloStatus.None => silo.Generation < _self.Generation
                || (silo.Endpoint.Equals(_self.Endpoint) && silo.Generation != _self.Generation),
            _ => false,
        };
    }

    /// <summary>The silo whose gateway gave a session that token; null for this one, and one that is gone.</summary>
    public GatewayPeer? Find(string token)
    {
        int end = token.LastIndexOf(PresenceInput.GatewayEnd);
        return end < 0
            ? null
            : Array.Find(_all, peer => token.AsSpan(0, end).SequenceEqual(peer.Id));
    }

    /// <summary>True when somebody elsewhere hears such an effect. Allocates nothing.</summary>
    public bool Hear(TwinId twin, EffectKind kind, string name)
    {
        ulong hash = 0;
        foreach (GatewayPeer peer in _all)
        {
            if (peer.Interest.Hears(twin, ref hash, kind, name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Another gateway tells what it subscribes.</summary>
    /// <returns>False when the whole is needed.</returns>
    public bool Hear(InterestUpdate update)
    {
        SiloAddress sender = update.Sender ?? throw new TwinGridException("nobody says whose subscriptions these are");
        GatewayPeer? peer = Array.Find(_all, known => known.Silo.Equals(sender));
        if (peer is null)
        {
            if (IsDead(sender))
            {
                throw new DeclaredDeadException($"{sender} was declared dead: what it subscribes counts no more");
            }

            // Its view of the cluster is ahead of ours.
            Update([sender], []);
            peer = Array.Find(_all, known => known.Silo.Equals(sender));
        }

        return peer?.Interest.Apply(update) ?? false;
    }

    /// <summary>True when the membership says that a silo is dead.</summary>
    public bool IsDead(SiloAddress silo) =>
        _membership?.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Dead;

    /// <summary>
    /// Ends when all other silos know what is subscribed here now, or after <see cref="Patience"/>; at once where there
    /// are none.
    /// </summary>
    public async ValueTask SpreadAsync()
    {
        GatewayPeer[] peers = _all;
        long version = _interest.Version;
        Task told = Task.WhenAll(Array.ConvertAll(peers, peer => peer.WhenToldAsync(version)));
        if (!told.IsCompleted)
        {
            await told.WaitAsync(Patience, _clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!told.IsCompleted)
            {
                Array.ForEach(peers, peer => peer.GiveUp(version));
            }
        }
    }

    /// <summary>
    /// True when a gateway that is gone, or stops, may have sent a command to its device and could not say so any more.
    /// </summary>
    public bool MayHaveBeenSent(TwinEffect command)
    {
        ulong hash = 0;
        long issued = command.Command is { } message ? UnixMicroseconds.From(message.IssuedAt) : 0;
        return Array.Exists(_gone, gone =>
                issued <= gone.At && gone.Interest.MayHaveReachedDevice(command, ref hash))
            || Array.Exists(_all, peer =>
                !peer.Interest.Listens && peer.Interest.MayHaveReachedDevice(command, ref hash));
    }

    /// <summary>The gateway stops: the others hear that it has nothing any more.</summary>
    public ValueTask LeaveAsync()
    {
        _interest.Leave();
        return SpreadAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private Task StartAsync(CancellationToken cancellationToken)
    {
        if (_membership is not null)
        {
            Update(_membership.CurrentSnapshot);
            _watching = Task.Run(WatchAsync, CancellationToken.None);
        }

        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _watching;
        Update([], _all);
    }

    private async Task WatchAsync()
    {
        try
        {
            await foreach (ClusterMembershipSnapshot cluster in
                _membership!.MembershipUpdates.WithCancellation(_stopping.Token))
            {
                try
                {
                    Update(cluster);
                }
                catch (Exception e)
                {
                    // Whoever of this process it was told to: the next change is told all the same.
                    LogNotTold(e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private void Update(ClusterMembershipSnapshot cluster)
    {
        SiloAddress[] members =
        [
            .. cluster.Members.Values
                .Where(member => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping)
                .Select(member => member.SiloAddress),
        ];
        foreach (GatewayPeer peer in _all)
        {
            peer.IsMember |= members.Contains(peer.Silo);
        }

        Update(members, [.. _all.Where(peer =>
            cluster.GetSiloStatus(peer.Silo) == SiloStatus.Dead || (peer.IsMember && !members.Contains(peer.Silo)))]);
    }

    private void Update(SiloAddress[] members, GatewayPeer[] gone)
    {
        List<GatewayPeer> came = [];
        lock (_lock)
        {
            foreach (SiloAddress silo in members)
            {
                if (!silo.Equals(_self) && !Array.Exists(_all, peer => peer.Silo.Equals(silo)))
                {
                    came.Add(Open(silo));
                }
            }

            _all = [.. _all.Except(gone), .. came];
            _hadCompany |= came.Count > 0;
            long now = UnixMicroseconds.Now(_clock);
            long since = now - (long)Remembered.TotalMicroseconds;
            _gone = [.. _gone.Where(old => old.At > since), .. gone.Select(peer => new Gone(peer.Interest, now))];
        }

        foreach (GatewayPeer peer in gone)
        {
            LogGone(peer.Silo);
            peer.Close();
        }

        foreach (GatewayPeer peer in came)
        {
            LogCame(peer.Silo);
            RunAsync(peer).Ignore();
            Came?.Invoke(peer);
        }

        if (gone.Length > 0 && !_stopping.IsCancellationRequested)
        {
            Left?.Invoke();
        }
    }

    private GatewayPeer Open(SiloAddress silo)
    {
        _client ??= new GatewayServiceClient(_services);
        return new GatewayPeer(
            new GatewayRoad(silo, _client.Of(silo), _clock, _logger), _self!, _root, _interest, () => Missed?.Invoke());
    }

    private static async Task RunAsync(GatewayPeer peer)
    {
        await peer.RunAsync();
        peer.Dispose();
    }

    private void Tell() => Array.ForEach(_all, static peer => peer.Tell());

    [LoggerMessage(Level = LogLevel.Information, Message = "the gateway of {Silo} is in the cluster")]
    private partial void LogCame(SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Information, Message = "the gateway of {Silo} is gone")]
    private partial void LogGone(SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Error, Message = "a change of the cluster's gateways was not told to all parts")]
    private partial void LogNotTold(Exception exception);

    private sealed record Gone(RemoteInterest Interest, long At);
}
