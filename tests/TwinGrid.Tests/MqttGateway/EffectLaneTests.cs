using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>The way of effects to another silo's gateway.</summary>
public sealed class EffectLaneTests : IDisposable
{
    private static readonly SiloAddress Self = SiloAddress.New(IPAddress.Loopback, 1, 1);

    private readonly OtherGateway _other = new();
    private readonly GatewayRoad _road;
    private readonly EffectLane _lane;

    public EffectLaneTests()
    {
        _road = new GatewayRoad(
            SiloAddress.New(IPAddress.Loopback, 2, 1), _other, TimeProvider.System, NullLogger.Instance);
        _lane = new EffectLane(_road, Self);
    }

    public void Dispose()
    {
        _lane.Dispose();
        _road.Dispose();
    }

    [Fact]
    public async Task What_fails_on_the_way_is_sent_again_under_the_same_number_and_in_order()
    {
        _other.Fails = call => call is 1 or 2 or 4;
        Task running = _lane.RunAsync();
        for (int i = 0; i < 1_000; i++)
        {
            _lane.Publish([Alarm($"a{i}")]);
        }

        await _lane.LeaveAsync().WaitAsync(RunningGateway.Patience);
        await RunningGateway.Until(() => _other.Taken.Count == 1_000, "everything arrived");
        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => $"a{i}"), _other.Taken);
        Assert.Equal(_other.Numbers.Distinct().Count() + 3, _other.Numbers.Count);
        Assert.Equal(_other.Numbers.Order(), _other.Numbers);
        _road.Close();
        await running.WaitAsync(RunningGateway.Patience);
    }

    [Fact]
    public async Task A_recall_goes_behind_its_command_and_brings_the_answer_back()
    {
        Task running = _lane.RunAsync();
        _lane.Publish([Alarm("before")]);
        Task<bool> withdrawn = _lane.TryRecallAsync(Recall("x"));
        Task<bool> sent = _lane.TryRecallAsync(Recall("sent"));
        _lane.Publish([Alarm("after")]);
        Assert.True(await withdrawn.WaitAsync(RunningGateway.Patience));
        Assert.False(await sent.WaitAsync(RunningGateway.Patience));
        await RunningGateway.Until(() => _other.Taken.Count == 4, "everything arrived");
        Assert.Equal(["before", "recall x", "recall sent", "after"], _other.Taken);
        _road.Close();
        await running.WaitAsync(RunningGateway.Patience);
    }

    [Fact]
    public async Task When_the_gateway_is_gone_a_recall_is_not_known_and_nobody_waits()
    {
        _other.Fails = _ => true;
        Task running = _lane.RunAsync();
        Task<bool> recall = _lane.TryRecallAsync(Recall("x"));
        Task leaving = _lane.LeaveAsync();
        _road.Close();
        await Assert.ThrowsAsync<TwinGridUnavailableException>(() => recall.WaitAsync(RunningGateway.Patience));
        await leaving.WaitAsync(RunningGateway.Patience);
        await running.WaitAsync(RunningGateway.Patience);
        _lane.Publish([Alarm("late")]);
        Assert.True(_lane.LeaveAsync().IsCompleted);
    }

    [Fact]
    public async Task Where_too_much_waits_the_gateway_is_told_to_ask()
    {
        for (int i = 0; i <= EffectLane.MaxLasting; i++)
        {
            _lane.Publish([Alarm($"a{i}")]);
        }

        Task running = _lane.RunAsync();
        await RunningGateway.Until(() => _other.HasLost, "the gateway hears that something went by");
        Assert.Equal(EffectLane.MaxLasting, _other.Taken.Count);
        _road.Close();
        await running.WaitAsync(RunningGateway.Patience);
    }

    private static TwinEffect Alarm(string name) =>
        new() { Twin = new TwinId("turbine", "t07"), Kind = EffectKind.Alarm, Name = name };

    private static TwinEffect Recall(string name) =>
        new() { Twin = new TwinId("turbine", "t07"), Kind = EffectKind.Recall, Name = name };

    /// <summary>A gateway that takes each number once, as the real one does, and fails when it is told to.</summary>
    private sealed class OtherGateway : IGatewayService
    {
        private int _calls;
        private long _last;

        public Func<int, bool> Fails { get; set; } = _ => false;

        public List<string> Taken { get; } = [];

        public List<long> Numbers { get; } = [];

        public bool HasLost { get; private set; }

        public Task<bool[]> DeliverAsync(EffectBatch batch)
        {
            Assert.Equal(Self, batch.Sender);
            bool fails = Fails(++_calls);
            Numbers.Add(batch.Number);

            // The second time the call arrives and only its answer does not.
            if (batch.Number > _last && (!fails || _calls == 4))
            {
                _last = batch.Number;
                HasLost |= batch.HasLost;
                Taken.AddRange(batch.Effects.Select(
                    effect => (effect.Kind == EffectKind.Recall ? "recall " : "") + effect.Name));
            }

            return fails
                ? Task.FromException<bool[]>(new TimeoutException("no answer"))
                : Task.FromResult<bool[]>(
                    [.. batch.Effects.Where(e => e.Kind == EffectKind.Recall).Select(e => e.Name != "sent")]);
        }

        public Task<bool> HearAsync(InterestUpdate update) => Task.FromResult(true);

        public Task<ClaimAnswer[]> ReleaseAsync(ClaimBatch batch) => throw new NotSupportedException();
    }
}
