using System.Globalization;
using System.Text.Json;
using TwinGrid.ClusterTests.Devices;

namespace TwinGrid.ClusterTests.Readings;

/// <summary>Devices whose clocks are wrong, at the real gateway: promises G14, contracts section 2.</summary>
public sealed class HostileTimeTests(SharedGrid grid)
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    [Theory]
    [InlineData(3, "future")]
    [InlineData(-3, "historical")]
    public async Task A_clock_days_off_is_said_by_an_alarm_kept_with_a_flag_and_forgotten_when_it_is_set_right(
        int days, string flag)
    {
        string key = $"off-{flag}";
        await using MqttDevice device = await MqttDevice.ConnectAsync(grid.MqttPort);
        for (int i = 1; i <= 6; i++)
        {
            await SendAsync(device, key, i, Now.AddDays(days).AddSeconds(i));
        }

        JsonElement off = await grid.Api.WaitForTwinAsync(
            $"lamp/{key}", "its alarm", static twin => twin.AlarmState("_clock") == "active");
        Assert.Equal(6, off.Number("bright"));

        await SendAsync(device, key, 7, DateTimeOffset.UtcNow);
        JsonElement right = await grid.Api.WaitForTwinAsync(
            $"lamp/{key}", "no alarm", static twin => twin.AlarmState("_clock") == "cleared");
        Assert.Equal((7.0, 0L), (right.Number("bright"), right.Counter("late")));
        Assert.Equal(
            [.. Enumerable.Repeat(flag, 6), ""],
            (await BrightAsync(key)).OrderBy(static r => r[1].GetInt32()).Select(static r => r[3].GetString()!));
    }

    [Fact]
    public async Task Local_times_that_go_back_an_hour_with_their_offset_are_in_order()
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(grid.MqttPort);
        TimeSpan summer = TimeSpan.FromHours(2);
        TimeSpan winter = TimeSpan.FromHours(1);
        DateTimeOffset begin = DateTimeOffset.UtcNow.AddSeconds(-4);
        await SendAsync(device, "winter", 1, begin.ToOffset(summer));
        await SendAsync(device, "winter", 2, begin.AddSeconds(1).ToOffset(summer));
        await SendAsync(device, "winter", 3, begin.AddSeconds(2).ToOffset(winter));
        await SendAsync(device, "winter", 4, begin.AddSeconds(3).ToOffset(winter));

        JsonElement twin = await grid.Api.WaitForTwinAsync(
            "lamp/winter", "the last", static seen => seen.Number("bright") == 4);
        Assert.Equal((0L, 0L), (twin.Counter("late"), twin.Counter("historical")));
        Assert.Equal([1, 2, 3, 4], (await BrightAsync("winter")).Select(static r => r[1].GetInt32()));
    }

    [Fact]
    public async Task What_is_sent_again_for_days_is_kept_once()
    {
        await using MqttDevice device = await MqttDevice.ConnectAsync(grid.MqttPort);
        for (int round = 0; round < 3; round++)
        {
            for (int i = 1; i <= 5; i++)
            {
                await SendAsync(device, "again", i, Now.AddDays(i - 6));
            }
        }

        JsonElement twin = await grid.Api.WaitForTwinAsync(
            "lamp/again", "all of it", static seen => seen.Counter("readings") == 15);
        Assert.Equal((5.0, 10L), (twin.Number("bright"), twin.Counter("duplicates")));
        Assert.Equal([1, 2, 3, 4, 5], (await BrightAsync("again")).Select(static r => r[1].GetInt32()));
    }

    [Theory]
    [InlineData("1900-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public async Task A_time_that_cannot_be_is_a_dead_letter_that_says_what_can_be(string time)
    {
        string key = $"time-{time[..4]}";
        await using MqttDevice device = await MqttDevice.ConnectAsync(grid.MqttPort);
        await device.TryPublishAsync($"twins/lamp/{key}/telemetry", $$"""{"ts":"{{time}}","bright":1}""");
        await Eventually.SeeAsync(
            "its dead letter",
            () => grid.Api.GetAsync("/api/v1/deadletters?limit=1000"),
            letters => letters.GetProperty("items").EnumerateArray().Any(
                letter => letter.GetProperty("topic").GetString() == $"twins/lamp/{key}/telemetry"
                    && letter.GetProperty("reason").GetString() == "bad-time"
                    && letter.GetProperty("detail").GetString()!.Contains("1973-03-03", StringComparison.Ordinal)));
    }

    private static Task SendAsync(MqttDevice device, string key, int number, DateTimeOffset time) =>
        device.PublishAsync(
            $"twins/lamp/{key}/telemetry",
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"source":"d","epoch":1,"seq":{{number}},"ts":"{{time:O}}","bright":{{number}}}"""));

    private async Task<JsonElement[]> BrightAsync(string key)
    {
        JsonElement page = await grid.Api.GetAsync($"/api/v1/twins/lamp/{key}/history?telemetry=bright");
        return [.. page.GetProperty("telemetry").GetProperty("bright").EnumerateArray()];
    }
}
