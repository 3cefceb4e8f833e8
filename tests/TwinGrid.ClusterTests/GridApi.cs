using System.Net;
using System.Text;
using System.Text.Json;

namespace TwinGrid.ClusterTests;

/// <summary>The grid through HTTP, as contracts of the API say it: JSON in, JSON out, no type of the grid.</summary>
internal sealed class GridApi(Uri web) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = web, Timeout = TimeSpan.FromSeconds(20) };

    /// <summary>The status code of a GET.</summary>
    public async Task<int> StatusAsync(string path)
    {
        using HttpResponseMessage response = await _http.GetAsync(path);
        return (int)response.StatusCode;
    }

    /// <summary>The JSON of a GET that must succeed.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        ApiAnswer answer = await SendAsync(HttpMethod.Get, path);
        Assert.True(answer.Status == HttpStatusCode.OK, $"GET {path} answered {(int)answer.Status}: {answer.Text}");
        return answer.Body;
    }

    /// <summary>A twin's snapshot, or null for one that does not exist.</summary>
    public async Task<JsonElement?> TwinAsync(string twin)
    {
        ApiAnswer answer = await SendAsync(HttpMethod.Get, $"/api/v1/twins/{twin}");
        Assert.True(
            answer.Status is HttpStatusCode.OK or HttpStatusCode.NotFound,
            $"GET {twin} answered {(int)answer.Status}: {answer.Text}");
        return answer.Status == HttpStatusCode.NotFound ? null : answer.Body;
    }

    /// <summary>Waits until a twin looks as it should.</summary>
    public async Task<JsonElement> WaitForTwinAsync(string twin, string what, Func<JsonElement, bool> good) =>
        (await Eventually.SeeAsync(
            $"{twin}: {what}", () => TwinAsync(twin), seen => seen is { } snapshot && good(snapshot)))!.Value;

    /// <summary>Posts readings; ends when they are committed.</summary>
    public Task<ApiAnswer> PostTelemetryAsync(string twin, string json) =>
        SendAsync(HttpMethod.Post, $"/api/v1/twins/{twin}/telemetry", json);

    /// <summary>Sends a command.</summary>
    public Task<ApiAnswer> PostCommandAsync(
        string twin, string name, string args, string query = "", string? key = null) =>
        SendAsync(HttpMethod.Post, $"/api/v1/twins/{twin}/commands/{name}{query}", args, key);

    /// <summary>Sends a command that must be accepted.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> CommandAsync(string twin, string name, string args = "{}", string query = "")
    {
        ApiAnswer answer = await PostCommandAsync(twin, name, args, query);
        Assert.True(answer.Status == HttpStatusCode.Accepted, $"{(int)answer.Status}: {answer.Text}");
        return answer.Body.GetProperty("id").GetString()!;
    }

    /// <summary>Waits until a command stands where it should.</summary>
    public Task<JsonElement> WaitForCommandAsync(string twin, string id, string status) =>
        Eventually.SeeAsync(
            $"command {id} {status}",
            () => GetAsync($"/api/v1/twins/{twin}/commands/{id}"),
            command => command.GetProperty("status").GetString() == status);

    /// <summary>Any request with a JSON body.</summary>
    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, string? json = null, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using HttpResponseMessage response = await _http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return new ApiAnswer(
            response.StatusCode, text, response.Headers.Location?.ToString(),
            response.Content.Headers.ContentType?.MediaType);
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>An answer of the API.</summary>
internal sealed record ApiAnswer(HttpStatusCode Status, string Text, string? Location, string? ContentType)
{
    /// <summary>The body as JSON.</summary>
    public JsonElement Body => JsonDocument.Parse(Text).RootElement;
}
