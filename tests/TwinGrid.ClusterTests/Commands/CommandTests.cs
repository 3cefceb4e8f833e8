using System.Net;
using System.Text.Json;
using TwinGrid.ClusterTests.Devices;

namespace TwinGrid.ClusterTests.Commands;

public sealed class CommandTests(SharedGrid grid)
{
    [Fact]
    public async Task A_command_reaches_its_device_and_its_results_come_back()
    {
        await using MqttDevice device = await NewDeviceAsync("valve/c1");
        await device.SubscribeAsync("twins/valve/c1/commands/+");

        ApiAnswer answer = await grid.Api.PostCommandAsync("valve/c1", "open", """{"angle":30}""", "?expiresIn=1m");
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        string id = answer.Body.GetProperty("id").GetString()!;
        Assert.Equal('7', id[14]);
        Assert.Equal("queued", answer.Body.GetProperty("status").GetString());
        Assert.EndsWith($"/api/v1/twins/valve/c1/commands/{id}", answer.Location, StringComparison.Ordinal);

        MqttMessage command = await device.NextAsync("the command");
        Assert.Equal("twins/valve/c1/commands/open", command.Topic);
        Assert.Equal(1, command.Qos);
        Assert.False(command.Retained);
        Assert.Equal(id, command.Json.GetProperty("id").GetString());
        Assert.Equal(30, command.Json.GetProperty("args").GetProperty("angle").GetInt32());
        TimeSpan valid = command.Json.GetProperty("expiresAt").GetDateTimeOffset()
            - command.Json.GetProperty("issuedAt").GetDateTimeOffset();
        Assert.InRange(valid.TotalSeconds, 59.9, 60.1);

        await grid.Api.WaitForCommandAsync("valve/c1", id, "delivered");
        await device.PublishAsync($"twins/valve/c1/results/{id}", """{"status":"in-progress","progress":0.5}""");
        JsonElement halfway = await grid.Api.WaitForCommandAsync("valve/c1", id, "in-progress");
        Assert.Equal(0.5, halfway.GetProperty("progress").GetDouble());
        await device.PublishAsync(
            $"twins/valve/c1/results/{id}", """{"status":"succeeded","result":{"angle":29},"message":"nearly"}""");
        JsonElement done = await grid.Api.WaitForCommandAsync("valve/c1", id, "succeeded");
        Assert.Equal(29, done.GetProperty("result").GetProperty("angle").GetInt32());
        Assert.Equal("nearly", done.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_command_never_moves_backwards()
    {
        await using MqttDevice device = await NewDeviceAsync("valve/c2");
        await device.SubscribeAsync("twins/valve/c2/commands/open");
        string id = await grid.Api.CommandAsync("valve/c2", "open");
        await device.NextOnAsync("commands/open");
        await device.PublishAsync($"twins/valve/c2/results/{id}", """{"status":"failed","message":"stuck"}""");
        await grid.Api.WaitForCommandAsync("valve/c2", id, "failed");

        await device.PublishAsync($"twins/valve/c2/results/{id}", """{"status":"in-progress"}""");
        await device.PublishAsync($"twins/valve/c2/results/{id}", """{"status":"succeeded"}""");
        await AfterAllOfThatAsync(device, "valve/c2");

        JsonElement command = await grid.Api.GetAsync($"/api/v1/twins/valve/c2/commands/{id}");
        Assert.Equal("failed", command.GetProperty("status").GetString());
        Assert.Equal("stuck", command.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_command_for_a_device_that_is_away_waits_for_its_subscription()
    {
        await using MqttDevice device = await NewDeviceAsync("valve/c3");
        string id = await grid.Api.CommandAsync("valve/c3", "close", """{"slowly":true}""", "?expiresIn=5m");
        await AfterAllOfThatAsync(device, "valve/c3");
        await grid.Api.WaitForCommandAsync("valve/c3", id, "queued");

        await device.SubscribeAsync("twins/valve/c3/commands/+");

        MqttMessage command = await device.NextOnAsync("commands/close");
        Assert.Equal(id, command.Json.GetProperty("id").GetString());
        Assert.True(command.Json.GetProperty("args").GetProperty("slowly").GetBoolean());
        await grid.Api.WaitForCommandAsync("valve/c3", id, "delivered");
    }

    [Fact]
    public async Task An_observer_with_wildcards_hears_a_command_and_does_not_take_it_from_the_device()
    {
        await using MqttDevice device = await NewDeviceAsync("valve/c4");
        await using MqttDevice observer = await MqttDevice.ConnectAsync(grid.MqttPort);
        await observer.SubscribeAsync("twins/valve/+/commands/#");
        string id = await grid.Api.CommandAsync("valve/c4", "open", query: "?expiresIn=5m");
        MqttMessage heard = await observer.NextOnAsync("c4/commands/open");
        Assert.Equal(id, heard.Json.GetProperty("id").GetString());
        await AfterAllOfThatAsync(observer, "valve/c4");
        await grid.Api.WaitForCommandAsync("valve/c4", id, "queued");

        await device.SubscribeAsync("twins/valve/c4/commands/#");

        MqttMessage command = await device.NextOnAsync("commands/open");
        Assert.Equal(id, command.Json.GetProperty("id").GetString());
        await grid.Api.WaitForCommandAsync("valve/c4", id, "delivered");
    }

    [Fact]
    public async Task What_a_device_answers_after_its_command_was_called_expired_is_not_lost()
    {
        await using MqttDevice device = await NewDeviceAsync("valve/late");
        string id = await grid.Api.CommandAsync("valve/late", "open", query: "?expiresIn=1s");
        await grid.Api.WaitForCommandAsync("valve/late", id, "expired");

        await device.PublishAsync($"twins/valve/late/results/{id}", """{"status":"succeeded","result":{"angle":29}}""");
        JsonElement command = await Eventually.SeeAsync(
            "the late result",
            () => grid.Api.GetAsync($"/api/v1/twins/valve/late/commands/{id}"),
            static seen => seen.TryGetProperty("lateResult", out _));
        Assert.Equal("expired", command.GetProperty("status").GetString());
        Assert.Equal("succeeded", command.GetProperty("lateResult").GetProperty("status").GetString());
        Assert.Equal(29, command.GetProperty("lateResult").GetProperty("result").GetProperty("angle").GetInt32());
    }

    [Fact]
    public async Task A_command_that_nobody_takes_expires_and_is_never_delivered()
    {
        await using MqttDevice device = await NewDeviceAsync("valve/c5");
        string old = await grid.Api.CommandAsync("valve/c5", "open", query: "?expiresIn=1s");
        await grid.Api.WaitForCommandAsync("valve/c5", old, "expired");
        string young = await grid.Api.CommandAsync("valve/c5", "open", query: "?expiresIn=5m");

        await device.SubscribeAsync("twins/valve/c5/commands/+");

        MqttMessage first = await device.NextOnAsync("commands/open");
        Assert.Equal(young, first.Json.GetProperty("id").GetString());
        await grid.Api.WaitForCommandAsync("valve/c5", old, "expired");
    }

    [Fact]
    public async Task The_same_idempotency_key_is_the_same_command_and_another_body_is_refused()
    {
        await using MqttDevice device = await NewDeviceAsync("valve/c6");
        ApiAnswer first = await grid.Api.PostCommandAsync("valve/c6", "open", """{"angle":1}""", key: "once");
        ApiAnswer second = await grid.Api.PostCommandAsync("valve/c6", "open", """{"angle":1}""", key: "once");
        ApiAnswer other = await grid.Api.PostCommandAsync("valve/c6", "open", """{"angle":2}""", key: "once");

        Assert.Equal(HttpStatusCode.Accepted, first.Status);
        Assert.Equal(HttpStatusCode.Accepted, second.Status);
        Assert.Equal(
            first.Body.GetProperty("id").GetString(), second.Body.GetProperty("id").GetString());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.Status);
        Assert.Equal("application/problem+json", other.ContentType);
    }

    [Fact]
    public async Task A_command_for_a_twin_that_does_not_exist_is_not_found()
    {
        ApiAnswer answer = await grid.Api.PostCommandAsync("valve/nobody", "open", "{}");

        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.Equal("application/problem+json", answer.ContentType);
        Assert.Null(await grid.Api.TwinAsync("valve/nobody"));
    }

    [Fact]
    public async Task A_command_that_was_called_back_never_reaches_the_device_that_comes_later()
    {
        await using MqttDevice device = await NewDeviceAsync("valve/c7");
        string called = await grid.Api.CommandAsync("valve/c7", "open", query: "?expiresIn=5m");
        ApiAnswer answer = await CancelAsync("valve/c7", called);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("cancelled", answer.Body.GetProperty("status").GetString());
        string next = await grid.Api.CommandAsync("valve/c7", "open", query: "?expiresIn=5m");

        await device.SubscribeAsync("twins/valve/c7/commands/+");

        Assert.Equal(next, (await device.NextOnAsync("commands/open")).Json.GetProperty("id").GetString());
        await grid.Api.WaitForCommandAsync("valve/c7", next, "delivered");
        Assert.Equal(HttpStatusCode.Conflict, (await CancelAsync("valve/c7", next)).Status);
        await grid.Api.WaitForCommandAsync("valve/c7", called, "cancelled");
    }

    [Fact]
    public async Task Of_commands_that_are_called_back_while_they_are_sent_none_is_both_cancelled_and_delivered()
    {
        await using MqttDevice device = await NewDeviceAsync("valve/c8");
        await device.SubscribeAsync("twins/valve/c8/commands/+");
        List<string> cancelled = [];
        List<string> kept = [];
        for (int i = 0; i < 60; i++)
        {
            string id = await grid.Api.CommandAsync("valve/c8", "open", query: "?expiresIn=5m");
            ApiAnswer answer = await CancelAsync("valve/c8", id);
            Assert.Contains(answer.Status, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.Conflict]);
            (answer.Status == HttpStatusCode.OK ? cancelled : kept).Add(id);
        }

        foreach (string id in kept)
        {
            await grid.Api.WaitForCommandAsync("valve/c8", id, "delivered");
        }

        await AfterAllOfThatAsync(device, "valve/c8");
        string[] received = [.. device.History.Select(command => command.Json.GetProperty("id").GetString()!)];
        Assert.Equal(kept, received);
        Assert.Empty(cancelled.Intersect(received));
    }

    private Task<ApiAnswer> CancelAsync(string twin, string id) =>
        grid.Api.SendAsync(HttpMethod.Post, $"/api/v1/twins/{twin}/commands/{id}/cancel");

    private async Task<MqttDevice> NewDeviceAsync(string twin)
    {
        MqttDevice device = await MqttDevice.ConnectAsync(grid.MqttPort);
        await device.PublishAsync($"twins/{twin}/telemetry/angle", "0");
        return device;
    }

    // A twin applies what comes on one connection in order, so after this everything before was applied.
    private async Task AfterAllOfThatAsync(MqttDevice device, string twin)
    {
        await device.PublishAsync($"twins/{twin}/telemetry/afterwards", "true");
        await grid.Api.WaitForTwinAsync(twin, "afterwards", static seen => seen.Telemetry("afterwards") is not null);
    }
}
