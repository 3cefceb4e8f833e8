using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;
using TwinGrid.Tests.Simulation;
using TwinGrid.Twins.Fencing;

namespace TwinGrid.Tests.Twins.Fencing;

/// <summary>No twin is loaded before every silo that the membership calls dead is fenced.</summary>
public sealed class DeadSilosTests : IAsyncDisposable
{
    private static readonly SiloAddress Own = Silo(1);

    private readonly Dictionary<string, TaskCompletionSource> _fences = [];
    private readonly DeadSilos _dead;
    private ClusterMembershipSnapshot _cluster = Cluster(1, (Own, SiloStatus.Active));
    private int _failures;

    public DeadSilosTests()
    {
        ITwinStore store = Stub.Of<ITwinStore>((_, arguments) => Fence((string)arguments[0]!));
        _dead = new DeadSilos(
            Stub.Of<IClusterMembershipService>(_ => _cluster),
            Stub.Of<ILocalSiloDetails>(_ => Own),
            store,
            TimeProvider.System,
            NullLogger<DeadSilos>.Instance);
    }

    public ValueTask DisposeAsync() => _dead.DisposeAsync();

    [Fact]
    public async Task While_all_live_nobody_waits_and_nobody_is_fenced()
    {
        _cluster = Cluster(2, (Own, SiloStatus.Active), (Silo(2), SiloStatus.Active), (Silo(3), SiloStatus.Stopping));

        await _dead.SettledAsync(default);

        Assert.Empty(_fences);
    }

    [Fact]
    public async Task A_load_waits_for_every_dead_silo_each_fenced_once_by_its_life()
    {
        _cluster = Cluster(2, (Own, SiloStatus.Active), (Silo(2), SiloStatus.Dead), (Silo(3), SiloStatus.Dead));
        Task one = _dead.SettledAsync(default);
        Task other = _dead.SettledAsync(default);
        Assert.Equal([Silo(2).ToParsableString(), Silo(3).ToParsableString()], _fences.Keys.Order());

        _fences[Silo(2).ToParsableString()].SetResult();
        Assert.False(one.IsCompleted);
        _fences[Silo(3).ToParsableString()].SetResult();
        await one;
        await other;

        Assert.True(_dead.SettledAsync(default).IsCompletedSuccessfully);
        _cluster = Cluster(3, (Own, SiloStatus.Active), (Silo(2), SiloStatus.Dead), (Silo(3), SiloStatus.Dead));
        await _dead.SettledAsync(default);
        Assert.Equal(2, _fences.Count);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_asked_until_it_does()
    {
        _failures = 3;
        _cluster = Cluster(2, (Own, SiloStatus.Active), (Silo(2), SiloStatus.Dead));
        Task settled = _dead.SettledAsync(default);

        await Wait.UntilAsync(() =>
        {
            lock (_fences)
            {
                return _fences.Count == 1;
            }
        });
        Assert.False(settled.IsCompleted);
        _fences[Silo(2).ToParsableString()].SetResult();
        await settled;
        Assert.Equal(0, _failures);
    }

    private static SiloAddress Silo(int n) => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 11_110 + n), n);

    private static ClusterMembershipSnapshot Cluster(long version, params (SiloAddress Silo, SiloStatus Status)[] silos)
    {
        ImmutableDictionary<SiloAddress, ClusterMember> members = silos.ToImmutableDictionary(
            s => s.Silo, s => new ClusterMember(s.Silo, s.Status, s.Silo.ToString()));
        return new ClusterMembershipSnapshot(members, new MembershipVersion(version));
    }

    private Task Fence(string life)
    {
        lock (_fences)
        {
            if (_failures > 0)
            {
                _failures--;
                return Task.FromException(new TwinGridUnavailableException("away"));
            }

            TaskCompletionSource fence = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _fences.Add(life, fence);
            return fence.Task;
        }
    }
}
