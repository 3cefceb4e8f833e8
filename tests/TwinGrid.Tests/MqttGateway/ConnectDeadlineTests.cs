using System.Diagnostics;
using System.Net.Sockets;

namespace TwinGrid.Tests.MqttGateway;

public class ConnectDeadlineTests
{
    [Fact]
    public async Task A_client_that_does_not_finish_its_CONNECT_within_ten_seconds_is_closed()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        long start = Stopwatch.GetTimestamp();
        NetworkStream silent = await gateway.OpenAsync([]);
        NetworkStream slow = await gateway.OpenAsync([0x10, 0x20, 0x00]);
        using CancellationTokenSource patience = new(RunningGateway.Patience);
        Assert.Equal(0, await silent.ReadAsync(new byte[1], patience.Token));
        Assert.Equal(0, await slow.ReadAsync(new byte[1], patience.Token));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromSeconds(9.5));
    }
}
