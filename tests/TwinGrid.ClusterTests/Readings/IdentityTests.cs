using System.Net;
using System.Text.Json;
using TwinGrid.ClusterTests.Devices;

namespace TwinGrid.ClusterTests.Readings;

/// <summary>Identity, time and lateness of readings as section 2 of the contracts says them.</summary>
public sealed class IdentityTests(SharedGrid grid)
{
    [Fact]
    public async Task A_reading_whose_number_was_seen_changes_nothing_and_is_counted()
    {
        JsonElement twin = await PublishAsync(
            "lamp/duplicate",
            """{"source":"a","epoch":1,"seq":5,"ts":TS-2,"bright":10}""",
            """{"source":"a","epoch":1,"seq":5,"ts":TS-2,"bright":10}""",
            """{"source":"a","epoch":1,"seq":5,"ts":TS-1,"bright":77}""",
            """{"source":"a","epoch":1,"seq":5,"bright":78}""");

        Assert.Equal(10, twin.Number("bright"));
        Assert.Equal(1, Count(twin, "bright"));
        Assert.Equal(3, twin.Counter("duplicates"));
        Assert.Equal(5, twin.Source("a")!.Value.GetProperty("seq").GetInt64());
    }

    [Fact]
    public async Task Two_publishers_number_for_themselves()
    {
        JsonElement twin = await PublishAsync(
            "lamp/publishers",
            """{"source":"a","epoch":1,"seq":9,"ts":TS-2,"bright":10}""",
            """{"source":"b","epoch":1,"seq":1,"ts":TS-1,"bright":11}""");

        Assert.Equal(11, twin.Number("bright"));
        Assert.Equal(0, twin.Counter("duplicates"));
        Assert.Equal(9, twin.Source("a")!.Value.GetProperty("seq").GetInt64());
        Assert.Equal(1, twin.Source("b")!.Value.GetProperty("seq").GetInt64());
    }

    [Fact]
    public async Task A_reading_with_a_time_and_no_number_is_applied_once()
    {
        JsonElement twin = await PublishAsync(
            "lamp/timed",
            """{"ts":TS-5,"bright":10}""",
            """{"ts":TS-5,"bright":10}""",
            """{"ts":TS-4,"bright":12}""");

        Assert.Equal(12, twin.Number("bright"));
        Assert.Equal(2, Count(twin, "bright"));
        Assert.Equal(1, twin.Counter("duplicates"));
    }

    [Fact]
    public async Task A_reading_without_number_and_time_is_applied_once_per_delivery()
    {
        JsonElement twin = await PublishAsync(
            "lamp/plain", """{"bright":10}""", """{"bright":10}""", """{"bright":10}""");

        Assert.Equal(3, Count(twin, "bright"));
        Assert.Equal(0, twin.Counter("duplicates"));
    }

    [Fact]
    public async Task A_late_reading_is_counted_and_does_not_become_the_live_value()
    {
        JsonElement twin = await PublishAsync(
            "lamp/late",
            """{"ts":TS-1,"bright":10}""",
            """{"ts":TS-20,"bright":99,"dim":1}""");

        Assert.Equal(10, twin.Number("bright"));
        Assert.Equal(1, twin.Counter("late"));
        Assert.Equal(1, twin.Number("dim"));
    }

    [Fact]
    public async Task A_lower_number_with_a_newer_time_is_a_restart_of_the_device()
    {
        JsonElement twin = await PublishAsync(
            "lamp/restart",
            """{"seq":100,"ts":TS-10,"bright":10}""",
            """{"seq":1,"ts":TS-5,"bright":11}""",
            """{"seq":2,"ts":TS-4,"bright":12}""",
            """{"seq":2,"ts":TS-4,"bright":12}""");

        Assert.Equal(12, twin.Number("bright"));
        Assert.Equal(3, Count(twin, "bright"));
        Assert.Equal(1, twin.Counter("restarts"));
        Assert.Equal(1, twin.Counter("duplicates"));
        Assert.Equal(2, twin.Source("")!.Value.GetProperty("seq").GetInt64());
    }

    [Fact]
    public async Task An_old_reading_is_historical_and_still_becomes_the_newest_value()
    {
        JsonElement twin = await PublishAsync(
            "lamp/old", """{"ts":TS-600,"bright":10}""", """{"ts":TS-1,"dim":5,"historical":true}""");

        Assert.Equal(10, twin.Number("bright"));
        Assert.Equal(5, twin.Number("dim"));
        Assert.Equal(2, twin.Counter("historical"));
    }

    [Fact]
    public async Task A_time_more_than_five_minutes_ahead_is_replaced_by_the_time_of_arrival()
    {
        DateTimeOffset before = DateTimeOffset.UtcNow.AddSeconds(-1);
        JsonElement twin = await PublishAsync("lamp/future", """{"ts":TS+3600,"bright":10}""", """{"bright":11}""");

        Assert.Equal(11, twin.Number("bright"));
        DateTimeOffset time = twin.Telemetry("bright")!.Value.GetProperty("sourceTime").GetDateTimeOffset();
        Assert.InRange(time, before, DateTimeOffset.UtcNow.AddSeconds(1));
    }

    [Theory]
    [InlineData("1763885000", "seconds")]
    [InlineData("1763885000000000", "microseconds")]
    public async Task A_time_in_the_wrong_unit_is_refused_and_the_unit_is_named(string time, string unit)
    {
        ApiAnswer answer = await grid.Api.PostTelemetryAsync("lamp/unit", $$"""{"ts":{{time}},"bright":10}""");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        Assert.Equal("application/problem+json", answer.ContentType);
        Assert.Contains(unit, answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_reading_that_cannot_be_used_is_counted_and_listed_as_a_dead_letter()
    {
        JsonElement twin = await PublishAsync(
            "pump/rejected",
            """{"temperature":20,"vibration":1}""",
            """{"temperature":500,"vibration":2}""",
            """{"temperature":"hot","vibration":3}""");

        Assert.Equal(20, twin.Number("temperature"));
        Assert.Equal(3, twin.Number("vibration"));
        Assert.Equal(2, twin.Counter("rejected"));
        string[] words = ["out-of-range", "wrong-type"];
        await Eventually.SeeAsync(
            "two dead letters of pump/rejected",
            () => grid.Api.GetAsync("/api/v1/deadletters?limit=1000"),
            letters => words.All(word => letters.GetProperty("items").EnumerateArray().Any(
                letter => letter.ToString().Contains("pump/rejected", StringComparison.Ordinal)
                    && letter.ToString().Contains(word, StringComparison.OrdinalIgnoreCase))));
    }

    [Theory]
    [InlineData("empty", "")]
    [InlineData("truncated", "{")]
    [InlineData("doubled", """{"bright":1,"bright":2}""")]
    [InlineData("trailing", """{"bright":1} {"bright":2}""")]
    public async Task A_payload_that_cannot_be_used_is_a_dead_letter_and_the_next_message_is_applied(
        string name, string payload)
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(grid.MqttPort);
        await device.TryPublishAsync($"twins/lamp/{name}/telemetry", payload);
        await device.PublishAsync($"twins/lamp/{name}/telemetry", """{"dim":4}""");

        JsonElement twin = await grid.Api.WaitForTwinAsync(
            $"lamp/{name}", "the next message", static seen => seen.Number("dim") == 4);
        Assert.Null(twin.Telemetry("bright"));
        await Eventually.SeeAsync(
            "the dead letter",
            () => grid.Api.GetAsync("/api/v1/deadletters?limit=1000"),
            letters => letters.ToString().Contains($"lamp/{name}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_batch_is_acknowledged_when_all_of_it_is_committed()
    {
        ApiAnswer answer = await grid.Api.PostTelemetryAsync(
            "lamp/batch", Timed("""[{"ts":TS-3,"bright":1},{"ts":TS-2,"bright":2},{"ts":TS-1,"bright":3,"dim":4}]"""));

        Assert.Equal(HttpStatusCode.NoContent, answer.Status);
        JsonElement twin = (await grid.Api.TwinAsync("lamp/batch"))!.Value;
        Assert.Equal(3, twin.Number("bright"));
        Assert.Equal(3, Count(twin, "bright"));
        Assert.Equal(4, twin.Number("dim"));
    }

    [Fact]
    public async Task Numbers_booleans_text_positions_and_components_are_all_readings()
    {
        ApiAnswer answer = await grid.Api.PostTelemetryAsync(
            "lamp/types",
            """{"n":1.5,"b":true,"t":"on","p":{"lat":59.9,"lon":10.7,"alt":12},"motor":{"temp":40}}""");

        Assert.Equal(HttpStatusCode.NoContent, answer.Status);
        JsonElement twin = (await grid.Api.TwinAsync("lamp/types"))!.Value;
        Assert.Equal(1.5, twin.Number("n"));
        Assert.True(twin.Telemetry("b")!.Value.GetProperty("value").GetBoolean());
        Assert.Equal("on", twin.Telemetry("t")!.Value.GetProperty("value").GetString());
        Assert.Equal(59.9, twin.Telemetry("p")!.Value.GetProperty("value").GetProperty("lat").GetDouble());
        Assert.Equal(40, twin.Number("motor.temp"));
    }

    // All on one connection, each acknowledged before the next: the order is certain.
    private async Task<JsonElement> PublishAsync(string twin, params string[] messages)
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(grid.MqttPort);
        foreach (string message in messages)
        {
            await device.TryPublishAsync($"twins/{twin}/telemetry", Timed(message));
        }

        await device.PublishAsync($"twins/{twin}/telemetry/last", "true");
        return await grid.Api.WaitForTwinAsync(
            twin, "the last message", static seen => seen.Telemetry("last") is not null);
    }

    // TS-10 stands for the moment ten seconds before now.
    private static string Timed(string message) =>
        System.Text.RegularExpressions.Regex.Replace(
            message,
            @"TS([+-]\d+)",
            static match => $"{_now + (1000L * int.Parse(match.Groups[1].Value, null))}");

    private static readonly long _now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static long Count(JsonElement twin, string telemetry) =>
        twin.Telemetry(telemetry)!.Value.GetProperty("count").GetInt64();
}
