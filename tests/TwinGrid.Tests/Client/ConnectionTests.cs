using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TwinGrid.Client;
using TwinGrid.Tests.Hosting;

namespace TwinGrid.Tests.Client;

/// <summary>How the client finds the grid, and when it stops trying.</summary>
public sealed class ConnectionTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    // RFC 6761: there is nothing under .invalid.
    private static readonly DnsEndPoint s_unknown = new("silo.invalid", 30_000);

    [Fact]
    public async Task Of_several_named_silos_one_that_is_known_is_enough()
    {
        NamedGateways named = new([s_unknown, new DnsEndPoint("127.0.0.1", 30_001), s_unknown]);
        Assert.Equal("gwy.tcp://127.0.0.1:30001/0", Assert.Single(await named.GetGateways()).ToString());
    }

    [Fact]
    public async Task Where_no_named_silo_is_known_what_the_cluster_told_will_do()
    {
        NamedGateways named = new([s_unknown]);
        await Assert.ThrowsAsync<SocketException>(named.GetGateways);
        named.Learn([new IPEndPoint(IPAddress.Loopback, 30_002)]);
        Assert.Equal(30_002, Assert.Single(await named.GetGateways()).Port);
    }

    [Fact]
    public async Task A_call_that_was_given_up_between_two_attempts_is_not_made_once_more()
    {
        using CancellationTokenSource caller = new();
        int calls = 0;
        PauseClock clock = new(() =>
        {
            if (calls > 0)
            {
                caller.Cancel();
            }
        });
        await using GridConnection connection = new(
            Options.Create(new TwinGridClientOptions { Gateways = [$"127.0.0.1:{fixture.Grid.GatewayPort}"] }),
            NullLoggerFactory.Instance,
            clock);
        await connection.StartAsync(CancellationToken.None);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.CallAsync<int>(
            _ =>
            {
                calls++;
                throw new TimeoutException("no answer");
            },
            caller.Token));
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task A_call_that_a_silo_cancelled_is_made_again()
    {
        int calls = 0;
        await using GridConnection connection = new(
            Options.Create(new TwinGridClientOptions { Gateways = [$"127.0.0.1:{fixture.Grid.GatewayPort}"] }),
            NullLoggerFactory.Instance,
            TimeProvider.System);
        await connection.StartAsync(CancellationToken.None);
        Assert.Equal(2, await connection.CallAsync(
            _ => ++calls == 1
                ? Task.FromException<int>(new OperationCanceledException("of an activation that a death ended"))
                : Task.FromResult(calls),
            TestContext.Current.CancellationToken));
    }

    /// <summary>The system's clock; says when the pause between two attempts begins, a quarter of a second.</summary>
    private sealed class PauseClock(Action paused) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == TimeSpan.FromMilliseconds(250))
            {
                paused();
            }

            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
