using TwinGrid.MqttGateway.Delivery;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>What one gateway tells the others of its subscriptions, and what they make of it.</summary>
public class InterestTests
{
    private static readonly TwinId T07 = new("turbine", "t07");
    private static readonly TwinId T08 = new("turbine", "t08");

    private readonly LocalInterest _local = new(LoneGateway.Options);
    private readonly RemoteInterest _remote = new("twins");

    [Theory]
    [InlineData("twins/turbine/t07/commands/+", "Command")]
    [InlineData("twins/turbine/t07/commands/start", "Command")]
    [InlineData("twins/turbine/t07/state", "State")]
    [InlineData("twins/turbine/t07/alarms/#", "Alarm")]
    [InlineData("twins/turbine/t07/properties/desired", "Desired")]
    [InlineData("twins/turbine/t07/predictions/power", "Prediction")]
    [InlineData("+/turbine/t07/+", "State")]
    [InlineData("twins/turbine/t07/#", "State Prediction Alarm Command Desired")]
    [InlineData("twins/turbine/t07/telemetry/#", "")]
    [InlineData("elsewhere/turbine/t07/#", "")]
    [InlineData("twins/turbine/t07", "")]
    [InlineData("twins/turbine/t07/state/more", "")]
    [InlineData("twins/turbine/+/alarms/+", "Alarm")]
    [InlineData("twins/#", "State Prediction Alarm Command Desired")]
    [InlineData("#", "State Prediction Alarm Command Desired")]
    public void A_filter_is_heard_by_the_kinds_of_effects_that_it_matches(string filter, string kinds)
    {
        _local.Add(TopicFilter.Parse(filter)!);
        Tell();
        string heard = string.Join(' ', Enum.GetValues<EffectKind>()
            .Where(kind => kind is not (EffectKind.Deleted or EffectKind.Recall))
            .Where(kind => Hears(T07, kind, kind == EffectKind.Command ? "start" : "power")));
        Assert.Equal(
            string.Join(' ', kinds.Split(' ').OrderBy(k => k == "" ? 0 : (int)Enum.Parse<EffectKind>(k))), heard);
    }

    [Fact]
    public void A_filter_that_two_sessions_have_is_heard_until_the_second_goes()
    {
        TopicFilter filter = TopicFilter.Parse("twins/turbine/t07/commands/+")!;
        TopicFilter wild = TopicFilter.Parse("twins/turbine/+/state")!;
        foreach (TopicFilter twice in new[] { filter, filter, wild, wild })
        {
            _local.Add(twice);
        }

        _local.Remove(filter);
        _local.Remove(wild);
        Tell();
        Assert.True(Hears(T07, EffectKind.Command) && Hears(T08, EffectKind.State));
        _local.Remove(filter);
        _local.Remove(wild);
        Tell();
        Assert.False(Hears(T07, EffectKind.Command) || Hears(T08, EffectKind.State));
    }

    [Fact]
    public void A_gateway_that_said_nothing_yet_is_not_known_and_one_that_stops_hears_nothing()
    {
        Assert.False(_remote.IsKnown);
        Assert.True(_remote.Listens);
        _local.Add(TopicFilter.Parse("#")!);
        Tell();
        Assert.True(_remote is { IsKnown: true, Listens: true });
        _local.Leave();
        Tell();
        Assert.False(_remote.Listens);
        Assert.False(Hears(T07, EffectKind.Alarm));
    }

    [Fact]
    public void After_a_gap_and_after_more_changes_than_are_remembered_the_whole_is_told()
    {
        for (int i = 0; i <= LocalInterest.MaxChanges + 10; i++)
        {
            _local.Add(TopicFilter.Parse($"twins/turbine/t{i}/state")!);
        }

        InterestUpdate gap = Assert.Single(_local.Since(_local.Version - 1));
        Assert.False(_remote.Apply(gap));
        Assert.Equal(2, _local.Since(0).Count);
        Assert.Equal(LocalInterest.Unknown, _local.Since(0)[0].From);
        Assert.True(_remote.Apply(_local.Since(0)[0]));
        Assert.False(_remote.IsKnown);
        Assert.True(_remote.Apply(_local.Since(0)[1]));
        Assert.True(Hears(new TwinId("turbine", "t0"), EffectKind.State));
    }

    [Fact]
    public void Only_the_newest_changes_are_told_to_a_silo_that_lacks_them_however_many_there_were()
    {
        for (int i = 0; i < LocalInterest.MaxChanges + 7; i++)
        {
            _local.Add(TopicFilter.Parse($"twins/turbine/t{i}/state")!);
        }

        foreach (int lacks in new[] { 0, 3, 10, LocalInterest.MaxChanges })
        {
            InterestUpdate update = Assert.Single(_local.Since(_local.Version - lacks));
            Assert.Equal((_local.Version - lacks, _local.Version), (update.From, update.To));
            Assert.Equal(
                Enumerable.Range(LocalInterest.MaxChanges + 7 - lacks, lacks)
                    .Select(i => Hearing.Hash(new TwinId("turbine", $"t{i}"))),
                update.Twins);
        }
    }

    [Fact]
    public void A_gateway_that_was_gone_before_it_said_anything_may_have_sent_any_command()
    {
        TwinEffect command = new() { Twin = T07, Kind = EffectKind.Command, Name = "start" };
        ulong hash = 0;
        Assert.True(_remote.MayHaveReachedDevice(command, ref hash));
        Tell();
        Assert.False(_remote.MayHaveReachedDevice(command, ref hash));
        _local.Add(TopicFilter.Parse("twins/turbine/t07/commands/+")!);
        Tell();
        _local.Leave();
        Tell();
        Assert.True(_remote.MayHaveReachedDevice(command, ref hash));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void However_it_is_told_the_other_hears_what_this_one_subscribes(int seed)
    {
        Random random = new(seed);
        string[] filters =
        [
            .. Enumerable.Range(0, 6).SelectMany(i => new[]
            {
                $"twins/turbine/t{i}/state", $"twins/turbine/t{i}/#", $"twins/+/t{i}/alarms/+", "twins/turbine/+/state",
            }),
        ];
        List<string> there = [];
        List<InterestUpdate> late = [];
        long told = LocalInterest.Unknown;
        for (int step = 0; step < 4_000; step++)
        {
            if (random.Next(2) == 0 && there.Count > 0)
            {
                int gone = random.Next(there.Count);
                _local.Remove(TopicFilter.Parse(there[gone])!);
                there.RemoveAt(gone);
            }
            else
            {
                there.Add(filters[random.Next(filters.Length)]);
                _local.Add(TopicFilter.Parse(there[^1])!);
            }

            if (random.Next(4) != 0)
            {
                continue;
            }

            // An answer that is lost, and a call that comes twice.
            IReadOnlyList<InterestUpdate> updates = _local.Since(random.Next(10) == 0 ? LocalInterest.Unknown : told);
            Assert.All(updates, update => Assert.True(_remote.Apply(update)));
            late.AddRange(updates.Where(update => update.From != LocalInterest.Unknown));
            told = random.Next(3) == 0 ? told : updates[^1].To;
            if (late.Count > 0)
            {
                Assert.True(_remote.Apply(late[^1]));
            }

            for (int i = 0; i < 6; i++)
            {
                TwinId twin = new("turbine", $"t{i}");
                Assert.Equal(
                    there.Exists(f => f == $"twins/turbine/t{i}/state" || f == $"twins/turbine/t{i}/#"
                        || f == "twins/turbine/+/state"),
                    Hears(twin, EffectKind.State));
                Assert.Equal(
                    there.Exists(f => f == $"twins/turbine/t{i}/#" || f == $"twins/+/t{i}/alarms/+"),
                    Hears(twin, EffectKind.Alarm));
            }
        }
    }

    [Fact]
    public void Asking_whether_somebody_elsewhere_hears_allocates_nothing()
    {
        RemoteInterest deaf = new("twins");
        deaf.Apply(new LocalInterest(LoneGateway.Options).Since(LocalInterest.Unknown)[0]);
        _local.Add(TopicFilter.Parse("twins/turbine/t07/state")!);
        _local.Add(TopicFilter.Parse("twins/pump/+/state")!);
        Tell();
        Assert.False(Hears(T08, EffectKind.State) || Hears(deaf, T08, EffectKind.State));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            Hears(T07, EffectKind.State);
            Hears(T08, EffectKind.State);
            Hears(deaf, T08, EffectKind.State);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Tell()
    {
        foreach (InterestUpdate update in _local.Since(LocalInterest.Unknown))
        {
            Assert.True(_remote.Apply(update));
        }
    }

    private bool Hears(TwinId twin, EffectKind kind, string name = "x") => Hears(_remote, twin, kind, name);

    private static bool Hears(RemoteInterest remote, TwinId twin, EffectKind kind, string name = "x")
    {
        ulong hash = 0;
        return remote.Hears(twin, ref hash, kind, name);
    }
}
