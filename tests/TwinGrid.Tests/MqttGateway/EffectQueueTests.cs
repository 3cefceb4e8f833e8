using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.Tests.MqttGateway;

public class EffectQueueTests
{
    [Fact]
    public void Alarms_and_commands_keep_their_order_and_go_before_states()
    {
        using EffectQueue queue = new();
        queue.Publish([Effect("a", EffectKind.State), Effect("a", EffectKind.Alarm, "x")]);
        queue.Publish([Effect("a", EffectKind.Command, "y")]);
        queue.Publish([Effect("a", EffectKind.Alarm, "x")]);
        Assert.Equal(["Alarm a x", "Command a y", "Alarm a x", "State a "], TakeAll(queue));
    }

    [Fact]
    public void Of_a_twins_states_and_of_a_models_predictions_only_the_newest_waits()
    {
        using EffectQueue queue = new();
        TwinEffect newest = Effect("a", EffectKind.State);
        queue.Publish([Effect("a", EffectKind.State), Effect("b", EffectKind.State), newest]);
        queue.Publish([Effect("a", EffectKind.Prediction, "p"), Effect("a", EffectKind.Prediction, "q")]);
        queue.Publish([Effect("a", EffectKind.Prediction, "p")]);
        Assert.True(queue.TryTake(out TwinEffect? first));
        Assert.Same(newest, first);
        Assert.Equal(["State b ", "Prediction a p", "Prediction a q"], TakeAll(queue));
    }

    [Fact]
    public void Where_too_many_states_wait_the_oldest_goes_and_no_alarm_ever()
    {
        using EffectQueue queue = new();
        queue.Publish([Effect("alarmed", EffectKind.Alarm, "x")]);
        IEnumerable<int> many = Enumerable.Range(0, EffectQueue.MaxFleeting + 10);
        queue.Publish([.. many.Select(i => Effect($"t{i}", EffectKind.State))]);
        string[] taken = [.. TakeAll(queue)];
        Assert.Equal(EffectQueue.MaxFleeting + 1, taken.Length);
        Assert.Equal("Alarm alarmed x", taken[0]);
        Assert.Equal("State t10 ", taken[1]);
    }

    [Fact]
    public async Task A_publish_wakes_whoever_waits()
    {
        using EffectQueue queue = new();
        Task waiting = queue.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        queue.Publish([Effect("a", EffectKind.State)]);
        await waiting.WaitAsync(RunningGateway.Patience, TestContext.Current.CancellationToken);
    }

    private static IEnumerable<string> TakeAll(EffectQueue queue)
    {
        while (queue.TryTake(out TwinEffect? effect))
        {
            yield return $"{effect.Kind} {effect.Twin.Key} {effect.Name}";
        }
    }

    private static TwinEffect Effect(string key, EffectKind kind, string name = "") =>
        new() { Twin = new TwinId("turbine", key), Kind = kind, Name = name };
}
