using System.Text.Json;
using TwinGrid.ClusterTests.Devices;
using TwinGrid.ClusterTests.Processes;

namespace TwinGrid.ClusterTests.Commands;

/// <summary>
/// What the policies of the kind <c>pump</c> do: overheat (above 85, clear below 80) derates, at most once in ten
/// minutes, and must be below 80 within a second after it; shaking (vibration above 10 for 5 s) only warns.
/// </summary>
public sealed class PolicyTests(SharedGrid grid)
{
    [Fact]
    public async Task A_policy_that_acts_raises_its_alarm_and_sends_its_command_once()
    {
        await using MqttDevice device = await SubscribedAsync(grid.Silo, "pump/hot");
        await device.PublishAsync("twins/pump/hot/telemetry/temperature", "90");

        MqttMessage derate = await device.NextOnAsync("commands/derate");
        Assert.Equal(0.5, derate.Json.GetProperty("args").GetProperty("limit").GetDouble());
        Assert.Equal(1, derate.Qos);
        JsonElement twin = await grid.Api.WaitForTwinAsync(
            "pump/hot", "overheat active", static seen => seen.AlarmState("overheat") == "active");
        JsonElement alarm = twin.Alarm("overheat")!.Value;
        Assert.Equal("major", alarm.GetProperty("severity").GetString());
        Assert.False(alarm.GetProperty("acknowledged").GetBoolean());
        Assert.NotEqual("", alarm.GetProperty("why").GetString());

        await device.PublishAsync("twins/pump/hot/telemetry/temperature", "91");
        await device.PublishAsync("twins/pump/hot/telemetry/temperature", "82");
        await device.PublishAsync("twins/pump/hot/telemetry/temperature", "92");
        Assert.Empty(await UntilMarkerAsync(grid.Silo, device, "pump/hot"));
    }

    [Fact]
    public async Task Within_the_cooldown_a_second_alarm_sends_no_second_command()
    {
        await using MqttDevice device = await SubscribedAsync(grid.Silo, "pump/cooldown");
        await device.PublishAsync("twins/pump/cooldown/telemetry/temperature", "90");
        await device.NextOnAsync("commands/derate");
        await device.PublishAsync("twins/pump/cooldown/telemetry/temperature", "70");
        await grid.Api.WaitForTwinAsync(
            "pump/cooldown", "overheat cleared", static seen => seen.AlarmState("overheat") == "cleared");

        await device.PublishAsync("twins/pump/cooldown/telemetry/temperature", "95");

        await grid.Api.WaitForTwinAsync(
            "pump/cooldown", "overheat active", static seen => seen.AlarmState("overheat") == "active");
        Assert.Empty(await UntilMarkerAsync(grid.Silo, device, "pump/cooldown"));
    }

    [Fact]
    public async Task A_command_that_does_not_help_in_time_raises_an_alarm_of_its_own()
    {
        await using MqttDevice device = await SubscribedAsync(grid.Silo, "pump/stubborn");
        await device.PublishAsync("twins/pump/stubborn/telemetry/temperature", "90");
        await AnswerAsync(device, "pump/stubborn");

        await grid.Api.WaitForTwinAsync(
            "pump/stubborn", "unverified", static seen => seen.AlarmState("overheat.unverified") == "active");
    }

    [Fact]
    public async Task A_command_that_helps_in_time_raises_no_second_alarm()
    {
        await using MqttDevice helped = await SubscribedAsync(grid.Silo, "pump/helped");
        await using MqttDevice control = await SubscribedAsync(grid.Silo, "pump/control");
        await helped.PublishAsync("twins/pump/helped/telemetry/temperature", "90");
        await AnswerAsync(helped, "pump/helped");
        await helped.PublishAsync("twins/pump/helped/telemetry/temperature", "70");

        // A second pump that does not cool shows when the time of the first one is over.
        await control.PublishAsync("twins/pump/control/telemetry/temperature", "90");
        await AnswerAsync(control, "pump/control");
        await grid.Api.WaitForTwinAsync(
            "pump/control", "unverified", static seen => seen.AlarmState("overheat.unverified") == "active");

        JsonElement twin = (await grid.Api.TwinAsync("pump/helped"))!.Value;
        Assert.Null(twin.AlarmState("overheat.unverified"));
        Assert.Equal("cleared", twin.AlarmState("overheat"));
    }

    [Fact]
    public async Task The_hold_time_of_a_policy_runs_in_source_time()
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(grid.MqttPort);
        long start = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - 20_000;
        await device.PublishAsync("twins/pump/shaky/telemetry", $$"""{"ts":{{start}},"vibration":11}""");
        await device.PublishAsync("twins/pump/shaky/telemetry", $$"""{"ts":{{start + 4_900}},"vibration":12}""");
        JsonElement before = await grid.Api.WaitForTwinAsync(
            "pump/shaky", "the second reading", static seen => seen.Number("vibration") == 12);
        Assert.NotEqual("active", before.AlarmState("shaking"));

        await device.PublishAsync("twins/pump/shaky/telemetry", $$"""{"ts":{{start + 5_100}},"vibration":13}""");

        await grid.Api.WaitForTwinAsync(
            "pump/shaky", "shaking", static seen => seen.AlarmState("shaking") == "active");
    }

    [Fact]
    public async Task A_person_acknowledges_an_alarm_and_a_new_raise_takes_that_back()
    {
        await using MqttDevice device = await SubscribedAsync(grid.Silo, "pump/seen");
        await device.PublishAsync("twins/pump/seen/telemetry/temperature", "90");
        await grid.Api.WaitForTwinAsync(
            "pump/seen", "overheat", static seen => seen.AlarmState("overheat") == "active");

        ApiAnswer answer = await grid.Api.SendAsync(
            HttpMethod.Post,
            "/api/v1/twins/pump/seen/alarms/overheat/acknowledge",
            """{"by":"ada","note":"on my way"}""");

        Assert.True((int)answer.Status is 200 or 204, $"{(int)answer.Status}: {answer.Text}");
        JsonElement twin = await grid.Api.WaitForTwinAsync(
            "pump/seen",
            "acknowledged",
            static seen => seen.Alarm("overheat") is { } alarm && alarm.GetProperty("acknowledged").GetBoolean());
        Assert.Equal("active", twin.AlarmState("overheat"));
        await device.PublishAsync("twins/pump/seen/telemetry/temperature", "60");
        await grid.Api.WaitForTwinAsync(
            "pump/seen", "overheat over", static seen => seen.AlarmState("overheat") is null or "cleared");
        await device.PublishAsync("twins/pump/seen/telemetry/temperature", "95");
        JsonElement again = await grid.Api.WaitForTwinAsync(
            "pump/seen", "overheat again", static seen => seen.AlarmState("overheat") == "active");
        Assert.False(again.Alarm("overheat")!.Value.GetProperty("acknowledged").GetBoolean());
    }

    [Fact]
    public async Task Old_buffered_data_never_causes_a_command()
    {
        await using MqttDevice device = await SubscribedAsync(grid.Silo, "pump/buffered");
        long old = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - 600_000;
        await device.PublishAsync("twins/pump/buffered/telemetry", $$"""{"ts":{{old}},"temperature":95}""");
        await device.PublishAsync("twins/pump/buffered/telemetry", """{"historical":true,"temperature":96}""");
        Assert.Empty(await UntilMarkerAsync(grid.Silo, device, "pump/buffered"));
        JsonElement twin = (await grid.Api.TwinAsync("pump/buffered"))!.Value;
        Assert.Equal(96, twin.Number("temperature"));
        Assert.Equal(2, twin.Counter("historical"));

        await device.PublishAsync("twins/pump/buffered/telemetry", """{"temperature":97}""");

        await device.NextOnAsync("commands/derate");
    }

    [Theory]
    [InlineData("Advise", "active")]
    [InlineData("Off", null)]
    public async Task With_the_kill_switch_thrown_no_policy_sends_a_command(string mode, string? alarm)
    {
        using var home = new SiloHome("pump");
        await using SiloProcess silo = await SiloProcess.StartAsync(home, $"Control:Mode={mode}");
        await using MqttDevice device = await SubscribedAsync(silo, "pump/calm");
        await device.PublishAsync("twins/pump/calm/telemetry/temperature", "90");
        await device.PublishAsync("twins/pump/calm/telemetry/temperature", "95");

        Assert.Empty(await UntilMarkerAsync(silo, device, "pump/calm"));
        JsonElement twin = await silo.Api.WaitForTwinAsync(
            "pump/calm", "the second reading", static seen => seen.Number("temperature") == 95);
        Assert.Equal(alarm, twin.AlarmState("overheat"));
    }

    private static async Task<MqttDevice> SubscribedAsync(SiloProcess silo, string twin)
    {
        MqttDevice device = await MqttDevice.ConnectAsync(silo.MqttPort);
        await device.SubscribeAsync($"twins/{twin}/commands/+");
        await device.PublishAsync($"twins/{twin}/telemetry/temperature", "20");
        return device;
    }

    private static async Task AnswerAsync(MqttDevice device, string twin)
    {
        MqttMessage command = await device.NextOnAsync("commands/derate");
        string id = command.Json.GetProperty("id").GetString()!;
        await device.PublishAsync($"twins/{twin}/results/{id}", """{"status":"succeeded"}""");
    }

    // Commands of a twin leave in order: what did not come before a command that is asked for now, was not sent.
    private static async Task<List<MqttMessage>> UntilMarkerAsync(SiloProcess silo, MqttDevice device, string twin)
    {
        string id = await silo.Api.CommandAsync(twin, "marker");
        List<MqttMessage> before = [];
        while (true)
        {
            MqttMessage message = await device.NextAsync("the marker");
            if (message.Topic.EndsWith("commands/marker", StringComparison.Ordinal))
            {
                Assert.Equal(id, message.Json.GetProperty("id").GetString());
                return before;
            }

            before.Add(message);
        }
    }
}
