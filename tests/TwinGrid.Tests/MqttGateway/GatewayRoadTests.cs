using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>What is said of a gateway that does not answer, and when it is asked no more.</summary>
public sealed class GatewayRoadTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly FakeLogger _log = new();
    private readonly GatewayRoad _road;
    private int _calls;

    public GatewayRoadTests() =>
        _road = new GatewayRoad(SiloAddress.New(IPAddress.Loopback, 2, 1), null!, _clock, _log);

    public void Dispose() => _road.Dispose();

    [Fact]
    public async Task That_a_gateway_does_not_answer_is_said_once_and_so_is_that_it_does_again()
    {
        Task<int> answer = _road.AskAsync(_ => ++_calls <= 5
            ? Task.FromException<int>(new TimeoutException("no answer"))
            : Task.FromResult(_calls));
        await AdvanceUntilAsync(() => answer.IsCompleted);
        Assert.Equal(6, await answer);
        Assert.Equal([LogLevel.Warning, LogLevel.Information], Said);

        // One that answers at once is not worth a word.
        await _road.AskAsync(_ => Task.FromResult(0));
        Assert.Equal(2, Said.Count());
    }

    [Fact]
    public async Task A_gateway_to_which_this_silo_is_dead_is_not_asked_again()
    {
        Task<int> answer = _road.AskAsync(_ =>
        {
            _calls++;
            return Task.FromException<int>(new DeclaredDeadException("127.0.0.1:1@1 was declared dead"));
        });
        int steps = 0;
        await AdvanceUntilAsync(() => ++steps == 20);
        Assert.Equal((1, false), (_calls, answer.IsCompleted));
        Assert.Equal([LogLevel.Warning], Said);
        _road.Close();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer.WaitAsync(RunningGateway.Patience));
    }

    private Task AdvanceUntilAsync(Func<bool> condition) => RunningGateway.Until(
        () =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return condition();
        },
        "enough time has passed");

    private IEnumerable<LogLevel> Said => _log.Collector.GetSnapshot().Select(record => record.Level);
}
