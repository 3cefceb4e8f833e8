using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TwinGrid.Tests.Hosting;

/// <summary>The live page in a real browser.</summary>
public sealed class WebPageTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    private const string Alarm = "#alarms [data-key=overheat]";

    private const string Hostile = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>";

    [Fact]
    public async Task The_page_shows_a_twin_live_and_an_alarm_is_acknowledged_by_a_click()
    {
        await PostAsync("live", """{"bearingTemperature":21.5,"power":100}""");
        await using Browser browser = await Browser.OpenAsync(new Uri(fixture.Grid.Web, "#/turbine/live"));

        await browser.SeesAsync("document.querySelector('#rows [data-key=\"turbine/live\"]')");
        await browser.SeesAsync(Value("bearingTemperature", "21.5"));
        await PostAsync("live", """{"bearingTemperature":60}""");
        await browser.SeesAsync(Value("bearingTemperature", "60"));
        await browser.SeesAsync(
            "document.querySelector('[data-key=bearingTemperature] path').getAttribute('d').includes('L')");

        await PostAsync("live", """{"bearingTemperature":90}""");
        await browser.SeesAsync($"document.querySelector('{Alarm}.active')?.textContent.includes('major active')");
        await browser.ClickAsync($"{Alarm} button");
        await browser.SeesAsync($"document.querySelector('{Alarm}').textContent.includes('acknowledged by web page')");
        await browser.SeesAsync($"document.querySelector('{Alarm} button').hidden");

        JsonElement twin = await fixture.Http.GetFromJsonAsync<JsonElement>("/api/v1/twins/turbine/live");
        Assert.True(twin.GetProperty("alarms")[0].GetProperty("acknowledged").GetBoolean());
    }

    [Fact]
    public async Task A_command_is_sent_with_the_form_and_its_status_is_shown()
    {
        await PostAsync("told", """{"power":100}""");
        await using Browser browser = await Browser.OpenAsync(new Uri(fixture.Grid.Web, "#/turbine/told"));
        await browser.SeesAsync(Value("power", "100"));

        await browser.EvaluateAsync("document.getElementById('command').value = 'explode'");
        await browser.ClickAsync("#send button");
        await browser.SeesAsync("document.getElementById('sent').textContent.includes('none is named explode')");

        await browser.EvaluateAsync("document.getElementById('command').value = 'derate'");
        await browser.EvaluateAsync("document.getElementById('args').value = '{\"limit\": 0.5}'");
        await browser.ClickAsync("#send button");
        await browser.SeesAsync(
            "document.querySelector('#commands tr')?.textContent.includes('{\"limit\":0.5}queued')");
    }

    [Fact]
    public async Task What_a_device_says_stays_text_however_hostile()
    {
        string hostile = JsonSerializer.Serialize(Hostile);
        await PostAsync("evil", $$"""{"power":1,"label":{{hostile}}}""");
        await fixture.Http.PostAsync(
            "/api/v1/twins/turbine/evil/commands/derate", new StringContent($$"""{"note":{{hostile}}}"""));
        await using Browser browser = await Browser.OpenAsync(new Uri(fixture.Grid.Web, "#/turbine/evil"));

        await browser.SeesAsync($"document.querySelector('[data-key=label] .value')?.textContent === {hostile}");
        await browser.SeesAsync("document.querySelector('#commands tr')?.textContent.includes('onerror')");

        JsonNode? injected = await browser.EvaluateAsync("document.querySelectorAll('img, main script').length");
        Assert.Equal(0, injected!.GetValue<int>());
        Assert.Null(await browser.EvaluateAsync("window.hit ?? null"));
    }

    [Fact]
    public async Task The_page_lets_the_browser_run_its_own_script_only()
    {
        HttpResponseMessage page = await fixture.Http.GetAsync("/");
        string policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));

        Assert.StartsWith("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Matches("script-src 'sha256-[A-Za-z0-9+/=]{44}'", policy);
        Assert.DoesNotMatch("(src|href)=\"(https?:)?//", await page.Content.ReadAsStringAsync());
    }

    private static string Value(string telemetry, string shown) =>
        $"document.querySelector('[data-key={telemetry}] .value span')?.textContent === '{shown}'";

    private Task PostAsync(string key, string body) =>
        fixture.Http.PostAsync($"/api/v1/twins/turbine/{key}/telemetry", new StringContent(body));
}
