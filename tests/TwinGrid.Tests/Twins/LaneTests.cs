using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Metadata;
using Orleans.Runtime;
using TwinGrid.Tests.Simulation;
using TwinGrid.Twins.Fencing;
using TwinGrid.Twins.Ingest;
using TwinGrid.Twins.Placement;

namespace TwinGrid.Tests.Twins;

/// <summary>What keeps a message single and in its place where silos do not answer.</summary>
public sealed class LaneTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    [Fact]
    public async Task A_batch_that_comes_again_gets_its_first_answer_and_is_applied_once()
    {
        TwinId id = grid.TwinOn(0, "batched");
        IngestBatch batch = Batch(id, port: 11, number: 1, oldest: 1);
        IngestResult first = Assert.Single(await Arrived.TakeAsync(batch));
        IngestResult second = Assert.Single(await Arrived.TakeAsync(batch));
        Assert.Equal((IngestStatus.Accepted, first.Revision), (second.Status, second.Revision));

        // Nothing numbers the reading itself: applied twice it would count twice.
        Assert.Equal(1, (await grid.Twin(id.Key).GetAsync())!.Counters.Readings);
    }

    [Fact]
    public async Task A_batch_that_was_late_on_the_way_is_not_taken()
    {
        TwinId id = grid.TwinOn(0, "overdue");
        IngestBatch late = Batch(id, port: 12, number: 10, oldest: 10);
        Assert.Single(await Arrived.TakeAsync(late));
        Assert.Single(await Arrived.TakeAsync(Batch(id, port: 12, number: 11, oldest: 11)));
        Assert.Empty(await Arrived.TakeAsync(late));
        Assert.Equal(2, (await grid.Twin(id.Key).GetAsync())!.Counters.Readings);
    }

    [Fact]
    public async Task Of_messages_that_a_dead_silo_had_those_are_found_that_it_committed()
    {
        TwinId id = grid.TwinOn(0, "unsure");
        Sender sender = new(grid.Road(0), id);
        IngestMessage[] parcel = [.. Enumerable.Range(1, 6).Select(i => sender.Send(TwoSiloGrid.Speed(i)))];
        await sender.AnsweredAsync();
        IngestMessage[] more =
        [
            .. parcel[..3], Unsent(TwoSiloGrid.Speed(7)), Unsent(TwoSiloGrid.Speed(8, seq: 8)), .. parcel[3..],
            Unsent(parcel[^1].Inputs.ToArray()),
        ];
        UnsureMessages unsure = new(grid.Store, Nobody(), NullLogger<UnsureMessages>.Instance);
        bool[] kept = await unsure.FindKeptAsync(id, more, TestContext.Current.CancellationToken);

        // The fourth was never sent, the fifth is numbered and may come twice, the last is the one before once more.
        Assert.Equal([true, true, true, false, false, true, true, true, false], kept);

        IngestMessage Unsent(byte[] inputs) => new Sender.Sent(sender, 0, inputs);
    }

    [Fact]
    public void A_passage_keeps_the_order_of_what_was_sent_came_back_and_was_given_back()
    {
        OpeningTwins.Door door = new();
        TwinId id = new("fan", "passage");
        Sender sender = new(grid.Road(0), id);
        IngestMessage[] sent = [.. Enumerable.Range(1, 6).Select(i => new Sender.Sent(sender, i, [(byte)i]))];
        Passage passage = new(id, door);
        foreach (IngestMessage message in sent[..4])
        {
            passage.Add(message, stays: false);
        }

        Assert.Equal(sent[..2], passage.Begin(2, 1_000).ToArray());
        passage.Add(sent[5], stays: false);
        passage.ComeBack();
        Assert.Equal(sent[..3], passage.Begin(3, 1_000).ToArray());
        passage.TakeOut([true, false, false]);
        Assert.Equal(sent[1..2], passage.Begin(1, 1_000).ToArray());
        Assert.Equal(sent[1..2], passage.End());
        passage.AddFirst([sent[4]]);
        Assert.Equal([sent[4], sent[2], sent[3], sent[5]], passage.All);
    }

    [Fact]
    public async Task A_fault_on_the_way_costs_the_messages_that_met_it_and_the_lane_goes_on()
    {
        IServiceProvider silo = grid.Cluster.GetSiloServiceProvider(grid.Cluster.Silos[0].SiloAddress);
        IClusterMembershipService real = silo.GetRequiredService<IClusterMembershipService>();
        int asked = 0;
        IClusterMembershipService membership = Stub.Of<IClusterMembershipService>(_ =>
            ++asked == 2 ? throw new InvalidOperationException("the list of silos") : real.CurrentSnapshot);
        ShardMap map = new(
            membership,
            silo.GetRequiredService<IClusterManifestProvider>(),
            silo.GetRequiredService<GrainTypeResolver>());
        ILocalSiloDetails local = silo.GetRequiredService<ILocalSiloDetails>();
        TwinIngestServiceClient client = silo.GetRequiredService<TwinIngestServiceClient>();
        using SiloLanes lanes =
            new(client, map, membership, local, TimeProvider.System, NullLogger<SiloLanes>.Instance);
        IngestRouter road = new(
            new ActiveTwins(),
            map,
            lanes,
            new UnsureMessages(grid.Store, Nobody(), NullLogger<UnsureMessages>.Instance),
            local,
            silo.GetRequiredService<IGrainFactory>(),
            TimeProvider.System,
            NullLogger<IngestRouter>.Instance);
        Sender sender = new(road, grid.TwinOn(1, "faulty"));

        // The map is asked when the message comes, and once more when its batch is gathered.
        Assert.Equal(IngestStatus.Unavailable, (await sender.Send().Result).Status);
        Assert.Equal(IngestStatus.Accepted, (await sender.Send().Result).Status);
        Assert.All(sender.All, message => Assert.Equal(1, message.Times));
    }

    private ArrivedBatches Arrived => grid.Cluster
        .GetSiloServiceProvider(grid.Cluster.Silos[0].SiloAddress).GetRequiredService<ArrivedBatches>();

    // Of a silo that is newer than all that are known: older ones count as dead.
    private static IngestBatch Batch(TwinId id, int port, long number, long oldest) => new()
    {
        Twins = [id],
        Inputs = [TwoSiloGrid.Speed(number)],
        Sender = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, port), int.MaxValue),
        Number = number,
        Oldest = oldest,
    };

    private DeadSilos Nobody() => new(
        Stub.Nobody,
        Stub.Of<ILocalSiloDetails>(_ => null),
        grid.Store,
        TimeProvider.System,
        NullLogger<DeadSilos>.Instance);
}
