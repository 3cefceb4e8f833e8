using MQTTnet;
using MQTTnet.Protocol;
using TwinGrid.MqttGateway.Delivery;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>A client connected at another gateway, which claims its session.</summary>
public sealed class ReleaseTests
{
    private static readonly SessionClaim Late = new(long.MaxValue - 1, "elsewhere");
    private static readonly SessionClaim Later = new(long.MaxValue, "elsewhere");

    [Fact]
    public async Task The_connection_ends_and_the_row_stays_for_whoever_claims_it()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient client = gateway.NewClient();
        TaskCompletionSource<MqttClientDisconnectReason> ended = new();
        client.DisconnectedAsync += args =>
        {
            ended.TrySetResult(args.Reason);
            return Task.CompletedTask;
        };
        await client.ConnectAsync(gateway.Stay("device", 600));
        await client.SubscribeAsync("twins/turbine/t07/commands/+");
        await client.PublishStringAsync(
            "twins/turbine/t07/telemetry/power", "1", MqttQualityOfServiceLevel.AtLeastOnce);

        ClaimAnswer answer = await gateway.Sessions.ReleaseAsync(new ClaimRequest("device", Late, false));

        Assert.Equal(ClaimVerdict.Released, answer.Verdict);
        Assert.Equal([new TwinId("turbine", "t07")], answer.Fed);
        Assert.Equal(
            MqttClientDisconnectReason.SessionTakenOver, await ended.Task.WaitAsync(RunningGateway.Patience));
        StoredSession row = gateway.Store.Sessions["device"];
        Assert.NotNull(row.EndedAt);
        Assert.NotEqual(0, row.Claim.Time);
        ClaimAnswer again = await gateway.Sessions.ReleaseAsync(new ClaimRequest("device", Late, false));
        Assert.Equal((ClaimVerdict.Released, answer.Fed), (again.Verdict, again.Fed));
        Assert.Equal(
            ClaimVerdict.Nothing,
            (await gateway.Sessions.ReleaseAsync(new ClaimRequest("device", Later, false))).Verdict);
        Assert.False(gateway.Effects.Wants(new TwinId("turbine", "t07"), EffectKind.Command, "start"));
    }

    [Fact]
    public async Task A_claim_whose_answer_got_lost_gets_it_again_until_the_client_is_back_here()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient client = gateway.NewClient();
        await client.ConnectAsync(gateway.Stay("device", 600));
        ClaimRequest claim = new(
            "device", new SessionClaim(gateway.Store.Sessions["device"].Claim.Time + 1, "elsewhere"), false);
        Task<ClaimAnswer>[] answers = [gateway.Sessions.ReleaseAsync(claim), gateway.Sessions.ReleaseAsync(claim)];
        Assert.All(await Task.WhenAll(answers), static answer => Assert.Equal(ClaimVerdict.Released, answer.Verdict));

        using IMqttClient back = gateway.NewClient();
        await back.ConnectAsync(gateway.Stay("device", 600));
        Assert.Equal(ClaimVerdict.Ahead, (await gateway.Sessions.ReleaseAsync(claim)).Verdict);
        await back.PingAsync();
    }

    [Fact]
    public async Task A_claim_of_a_clock_that_is_behind_is_told_how_far_and_changes_nothing()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient client = gateway.NewClient();
        await client.ConnectAsync(gateway.Stay("device", 600));

        ClaimAnswer answer = await gateway.Sessions.ReleaseAsync(
            new ClaimRequest("device", new SessionClaim(1, "elsewhere"), false));

        Assert.Equal(ClaimVerdict.Ahead, answer.Verdict);
        await client.PingAsync();
        Assert.True(client.IsConnected);
        SessionClaim anew = new(answer.Time + 1, "elsewhere");
        Assert.Equal(
            ClaimVerdict.Released,
            (await gateway.Sessions.ReleaseAsync(new ClaimRequest("device", anew, false))).Verdict);
    }

    [Fact]
    public async Task A_clean_start_elsewhere_ends_the_session_and_its_row()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient client = gateway.NewClient();
        await client.ConnectAsync(gateway.Stay("device", 600));
        await client.SubscribeAsync("twins/turbine/t07/commands/+");
        Assert.True(gateway.Store.Sessions.ContainsKey("device"));

        await gateway.Sessions.ReleaseAsync(new ClaimRequest("device", Late, CleanStart: true));

        await RunningGateway.Until(() => !gateway.Store.Sessions.ContainsKey("device"), "the row is gone");
    }
}
