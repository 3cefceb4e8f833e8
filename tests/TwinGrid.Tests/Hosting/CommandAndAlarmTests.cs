using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace TwinGrid.Tests.Hosting;

/// <summary>Commands and alarms over HTTP.</summary>
public sealed class CommandAndAlarmTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    private readonly HttpClient _http = fixture.Http;

    [Fact]
    public async Task A_command_is_accepted_queued_and_can_be_looked_up_where_the_answer_says()
    {
        await MakeAsync("queued");

        HttpResponseMessage answer = await SendAsync("queued", "derate?expiresIn=1h", """{"limit":0.5}""");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        JsonElement command = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("queued", command.GetProperty("status").GetString());
        Assert.Equal(7, Guid.Parse(command.GetProperty("id").GetString()!).Version);
        JsonElement found = await _http.GetFromJsonAsync<JsonElement>(answer.Headers.Location);
        Assert.Equal(command.GetProperty("id").GetString(), found.GetProperty("id").GetString());
        Assert.Equal(0.5, found.GetProperty("args").GetProperty("limit").GetDouble());
        Assert.Equal(
            TimeSpan.FromHours(1),
            found.GetProperty("expiresAt").GetDateTimeOffset() - found.GetProperty("issuedAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_is_the_same_command_and_other_arguments_are_refused()
    {
        await MakeAsync("once");

        string first = await IdAsync(await SendAsync("once", "derate", """{"limit":0.5}""", "key-1"));
        string again = await IdAsync(await SendAsync("once", "derate", """{"limit":0.5}""", "key-1"));
        HttpResponseMessage other = await SendAsync("once", "derate", """{"limit":0.7}""", "key-1");

        Assert.Equal(first, again);
        await Problem.AssertAsync(other, 422, "idempotency-key-reused");
    }

    [Theory]
    [InlineData("derate?expiresIn=soon", "{}", 400, "bad-expiry")]
    [InlineData("derate?expiresIn=0s", "{}", 400, "bad-expiry")]
    [InlineData("derate?expiresIn=8d", "{}", 400, "bad-expiry")]
    [InlineData("derate", "{", 400, "malformed-json")]
    [InlineData("derate", "{\"a\":1,\"a\":2}", 400, "malformed-json")]
    [InlineData("7derate", "{}", 400, "bad-name")]
    [InlineData("explode", "{}", 404, "unknown-command")]
    public async Task A_command_that_cannot_be_one_is_refused(string command, string args, int status, string code)
    {
        await MakeAsync("refused");
        await Problem.AssertAsync(await SendAsync("refused", command, args), status, code);
    }

    [Fact]
    public async Task A_command_needs_a_twin_that_exists()
    {
        await Problem.AssertAsync(await SendAsync("nobody", "derate", "{}"), 404, "unknown-twin");
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("/api/v1/twins/turbine/nobody")).StatusCode);
    }

    [Theory]
    [InlineData("019a8a8e-0000-7000-8000-000000000000")]
    [InlineData("derate")]
    public async Task A_command_that_was_never_sent_is_not_found(string id)
    {
        await MakeAsync("silent");
        await Problem.AssertAsync(
            await _http.GetAsync($"/api/v1/twins/turbine/silent/commands/{id}"), 404, "unknown-command");
    }

    [Fact]
    public async Task A_command_without_a_body_has_an_empty_object_of_arguments()
    {
        await MakeAsync("bare");
        HttpResponseMessage answer = await _http.PostAsync("/api/v1/twins/turbine/bare/commands/stop", null);
        JsonElement command = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("{}", command.GetProperty("args").GetRawText());
    }

    [Fact]
    public async Task An_alarm_is_shown_with_its_reason_and_can_be_acknowledged()
    {
        await PostAsync("/api/v1/twins/turbine/hot/telemetry", """{"bearingTemperature":90}""");

        JsonElement twin = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins/turbine/hot");
        JsonElement alarm = Assert.Single(twin.GetProperty("alarms").EnumerateArray());
        Assert.Equal("overheat active False major", Describe(alarm));
        Assert.NotEmpty(alarm.GetProperty("why").GetString()!);

        HttpResponseMessage answer = await PostAsync(
            "/api/v1/twins/turbine/hot/alarms/overheat/acknowledge", """{"by":"ada","note":"on my way"}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        JsonElement acknowledged = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("overheat active True major", Describe(acknowledged));
        Assert.Equal("ada", acknowledged.GetProperty("acknowledgedBy").GetString());

        JsonElement page = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins?kind=turbine");
        JsonElement hot = page.GetProperty("items").EnumerateArray()
            .Single(item => item.GetProperty("id").GetString() == "turbine/hot");
        Assert.Equal(1, hot.GetProperty("activeAlarms").GetInt32());
    }

    [Fact]
    public async Task An_acknowledgement_says_who_and_of_what()
    {
        await MakeAsync("calm");
        const string Path = "/api/v1/twins/turbine/calm/alarms/overheat/acknowledge";

        JsonElement unnamed = await Problem.AssertAsync(await PostAsync(Path, "{}"), 422, "bad-acknowledgement");
        Assert.Equal("/by", unnamed.GetProperty("errors")[0].GetProperty("pointer").GetString());
        await Problem.AssertAsync(await PostAsync(Path, "by ada"), 400, "malformed-json");
        await Problem.AssertAsync(await PostAsync(Path, """{"by":"ada"}"""), 404, "unknown-alarm");
    }

    [Fact]
    public async Task A_command_that_nobody_has_is_called_back_and_stays_so()
    {
        await MakeAsync("recalled");
        HttpResponseMessage sent = await SendAsync("recalled", "derate?expiresIn=1h", "{}");

        for (int time = 0; time < 2; time++)
        {
            HttpResponseMessage answer = await _http.PostAsync($"{sent.Headers.Location}/cancel", null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            JsonElement command = await answer.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal("cancelled", command.GetProperty("status").GetString());
        }

        JsonElement found = await _http.GetFromJsonAsync<JsonElement>(sent.Headers.Location);
        Assert.Equal("cancelled", found.GetProperty("status").GetString());
        Assert.NotEqual(default, found.GetProperty("completedAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_command_that_was_delivered_or_has_ended_is_a_conflict_with_the_reason()
    {
        await MakeAsync("taken");
        string id = await IdAsync(await SendAsync("taken", "derate?expiresIn=1h", "{}"));
        string cancel = $"/api/v1/twins/turbine/taken/commands/{id}/cancel";
        ITwinIngest road = fixture.Grid.Services.GetRequiredService<ITwinIngest>();
        TwinId twin = new("turbine", "taken");

        await road.IngestAsync(twin, PackedInputs.Pack(
            InputKind.CommandDelivered,
            UnixMicroseconds.Now(TimeProvider.System),
            new CommandDeliveredInput(id),
            TwinGridJson.Default.CommandDeliveredInput));
        await Problem.AssertAsync(await _http.PostAsync(cancel, null), 409, "command-delivered");

        await road.IngestAsync(twin, PackedInputs.Pack(
            InputKind.CommandResult,
            UnixMicroseconds.Now(TimeProvider.System),
            new CommandResultInput(id, CommandStatus.Failed),
            TwinGridJson.Default.CommandResultInput));
        await Problem.AssertAsync(await _http.PostAsync(cancel, null), 409, "command-ended");
    }

    [Theory]
    [InlineData("nobody", "019a8a8e-0000-7000-8000-000000000000", "unknown-twin")]
    [InlineData("silent2", "019a8a8e-0000-7000-8000-000000000000", "unknown-command")]
    [InlineData("silent2", "derate", "unknown-command")]
    public async Task Nobody_calls_back_a_command_that_was_never_sent(string key, string id, string code)
    {
        await MakeAsync("silent2");
        string cancel = $"/api/v1/twins/turbine/{key}/commands/{id}/cancel";
        await Problem.AssertAsync(await _http.PostAsync(cancel, null), 404, code);
        await Problem.AssertAsync(await _http.GetAsync(cancel), 405, "method-not-allowed");
    }

    private static string Describe(JsonElement alarm) => string.Join(
        ' ', ((string[])["name", "state", "acknowledged", "severity"]).Select(member => alarm.GetProperty(member)));

    private static async Task<string> IdAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;

    private Task MakeAsync(string key) => PostAsync($"/api/v1/twins/turbine/{key}/telemetry", """{"power":100}""");

    private Task<HttpResponseMessage> SendAsync(string key, string command, string args, string? once = null)
    {
        HttpRequestMessage request = new(HttpMethod.Post, $"/api/v1/twins/turbine/{key}/commands/{command}")
        {
            Content = new StringContent(args),
        };
        if (once is not null)
        {
            request.Headers.Add("Idempotency-Key", once);
        }

        return _http.SendAsync(request);
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) =>
        _http.PostAsync(path, new StringContent(body));
}
