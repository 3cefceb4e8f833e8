using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using TwinGrid.Tests.MqttGateway;
using TwinGrid.Twins.Presence;

namespace TwinGrid.Tests.Twins;

/// <summary>What a twin does about gateways that are gone.</summary>
public sealed class RepeatedCommandTests(TwoSiloGrid grid) : IClassFixture<TwoSiloGrid>
{
    [Fact]
    public async Task A_command_that_waits_is_told_again_to_its_device_alone_until_that_has_it()
    {
        TwinId id = new("fan", "deaf");
        await grid.Road(0).IngestAsync(id, TwoSiloGrid.Speed(1));
        await grid.Twin("deaf").SendAsync("c1", "slow", RawJson.EmptyObject, TimeSpan.FromMinutes(5), null);

        // After 1 s and 2 s more: the pauses double.
        await RunningGateway.Until(() => Told("c1").Length >= 3, "it is told twice again");
        Assert.Equal([false, true, true], Told("c1")[..3]);
        await grid.Road(1).IngestAsync(id, PackedInputs.Pack(
            InputKind.CommandDelivered,
            UnixMicroseconds.Now(TimeProvider.System),
            new CommandDeliveredInput("c1"),
            TwinGridJson.Default.CommandDeliveredInput));
        int told = Told("c1").Length;
        await grid.Twin("deaf").SendAsync("c2", "slow", RawJson.EmptyObject, TimeSpan.FromMinutes(5), null);
        await RunningGateway.Until(() => Told("c2").Length >= 4, "the next is told for seven seconds");
        Assert.Equal(told, Told("c1").Length);
    }

    [Fact]
    public void A_gateway_is_gone_when_the_membership_says_so_or_it_is_older_than_what_that_knows()
    {
        SiloAddress self = grid.Cluster.Silos[0].SiloAddress;
        GatewayLives lives = grid.Cluster.GetSiloServiceProvider(self).GetRequiredService<GatewayLives>();
        long now = UnixMicroseconds.Now(TimeProvider.System);
        Assert.False(lives.IsGone($"{self.ToParsableString()}#7", now));
        Assert.False(lives.IsGone($"{grid.Cluster.Silos[1].SiloAddress.ToParsableString()}#7", now));
        Assert.True(lives.IsGone(Session(self.Endpoint.Address, self.Generation - 1), now));
        Assert.True(lives.IsGone(Session(self.Endpoint.Address, self.Generation + 1), now));
        Assert.True(lives.IsGone(Session(IPAddress.Broadcast, self.Generation - 1), now));
        Assert.False(lives.IsGone(Session(IPAddress.Broadcast, self.Generation + 1), now));

        // As an older version named connections.
        Assert.False(lives.IsGone("0198c0ffee-7", now));
        Assert.True(lives.IsGone("0198c0ffee-7", now - (3_600 * UnixMicroseconds.PerSecond)));
    }

    private string Session(IPAddress address, int generation)
    {
        int port = grid.Cluster.Silos[0].SiloAddress.Endpoint.Port;
        return $"{SiloAddress.New(address, port, generation).ToParsableString()}#7";
    }

    private bool[] Told(string command) =>
        [.. grid.Published.Where(effect => effect.Command?.Id == command).Select(effect => effect.IsRepeated)];
}
