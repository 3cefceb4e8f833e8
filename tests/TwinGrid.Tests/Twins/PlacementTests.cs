using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using TwinGrid.Twins;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Tests.Twins;

/// <summary>Where twins have their place while silos come and go.</summary>
public sealed class PlacementTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StubCluster _cluster = new();

    [Fact]
    public void Of_two_lives_of_one_silo_the_newer_has_its_twins()
    {
        // In which order the list of silos names them is chance: of twenty pairs some are the wrong way round.
        foreach (int generation in Enumerable.Range(1, 20))
        {
            StubCluster cluster = new();
            cluster.Join(11, "a", generation);
            SiloAddress newer = cluster.Join(11, "a", generation + 1);
            Assert.Equal(newer, cluster.Map.Find("default/fan/f1"));
        }
    }

    [Fact]
    public void Another_place_is_a_silo_with_twins_that_is_ready_and_stays()
    {
        SiloAddress self = _cluster.Join(11);
        _cluster.Join(12, hostsTwins: false);
        Assert.False(_cluster.Map.HasOtherPlace(self));
        SiloAddress other = _cluster.Join(13);
        Assert.True(_cluster.Map.HasOtherPlace(self));
        _cluster.Map.Settle([self]);
        Assert.False(_cluster.Map.HasOtherPlace(self));
        _cluster.Map.Settle([other]);
        Assert.True(_cluster.Map.HasOtherPlace(self));
        _cluster.Map.Leave(other);
        Assert.False(_cluster.Map.HasOtherPlace(self));
    }

    [Fact]
    public async Task Silos_that_stop_together_have_nobody_to_give_their_twins_to()
    {
        SiloAddress[] silos = [_cluster.Join(11), _cluster.Join(12), _cluster.Join(13)];
        Array.ForEach(silos, _cluster.Map.Leave);
        foreach (SiloAddress silo in silos)
        {
            // There is nothing that it could tell others with: it must not come to that.
            Departure departure = new(
                new ActiveTwins(),
                _cluster.Map,
                null!,
                null!,
                _cluster.Membership,
                StubCluster.Local(silo),
                _clock,
                NullLogger<Departure>.Instance);
            await departure.LeaveAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_silo_that_does_not_say_that_it_is_ready_counts_in_the_end_and_one_without_twins_does_not()
    {
        SiloAddress self = _cluster.Join(11);

        // Without a client every question fails as nobody expects it to.
        await using Newcomers newcomers = new(
            _cluster.Map,
            null!,
            _cluster.Membership,
            StubCluster.Local(self),
            _clock,
            NullLogger<Newcomers>.Instance);
        newcomers.Start();
        SiloAddress without = _cluster.Join(12, hostsTwins: false);
        foreach (int port in new[] { 13, 14 })
        {
            SiloAddress silo = _cluster.Join(port);
            Assert.False(_cluster.Map.IsSettled(silo));
            await AdvanceUntilAsync(TimeSpan.FromMilliseconds(500), () => _cluster.Map.IsSettled(silo));
        }

        // It came before both, and each of them was waited for.
        Assert.False(_cluster.Map.IsSettled(without));
    }

    [Fact]
    public async Task Twins_that_were_missed_when_silos_changed_are_asked_to_go_a_little_later()
    {
        // By this map all twins are on a silo that is none of the grid's.
        _cluster.Join(11);
        TwinId[] twins = [grid.TwinOn(0, "seen"), grid.TwinOn(0, "missed")];
        foreach (TwinId twin in twins)
        {
            Assert.Equal(IngestStatus.Accepted, (await new Sender(grid.Road(0), twin).Send().Result).Status);
        }

        IServiceProvider silo = grid.Cluster.GetSiloServiceProvider(grid.Cluster.Silos[0].SiloAddress);
        ActiveTwins here = silo.GetRequiredService<ActiveTwins>();
        ActiveTwins known = new();
        known.Add(twins[0], here.Find(twins[0])!);
        await using ShardMover mover = new(
            known,
            _cluster.Map,
            silo.GetRequiredService<ILocalSiloDetails>(),
            Options.Create(new TwinsHostingOptions()),
            _clock,
            NullLogger<ShardMover>.Instance);
        mover.Start();
        await AdvanceUntilAsync(TimeSpan.FromMilliseconds(50), () => here.Find(twins[0]) is null);
        known.Add(twins[1], here.Find(twins[1])!);
        await AdvanceUntilAsync(TimeSpan.FromMilliseconds(500), () => here.Find(twins[1]) is null);
    }

    private Task AdvanceUntilAsync(TimeSpan step, Func<bool> condition) => Wait.UntilAsync(() =>
    {
        _clock.Advance(step);
        return condition();
    });
}
