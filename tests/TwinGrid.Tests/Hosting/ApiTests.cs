using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace TwinGrid.Tests.Hosting;

/// <summary>Every route of the API against a real server: status, shape, and what is wrong as a problem (RFC 9457).</summary>
public sealed class ApiTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    private readonly HttpClient _http = fixture.Http;

    [Fact]
    public async Task A_reading_makes_a_twin_that_can_be_read_and_listed()
    {
        HttpResponseMessage posted = await PostAsync("/api/v1/twins/walk/one/telemetry", """{"temperature":21.5}""");
        Assert.Equal(HttpStatusCode.NoContent, posted.StatusCode);

        JsonElement twin = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins/walk/one");
        Assert.Equal("walk/one", twin.GetProperty("id").GetString());
        Assert.Equal(21.5, twin.GetProperty("telemetry").GetProperty("temperature").GetProperty("value").GetDouble());

        JsonElement page = await _http.GetFromJsonAsync<JsonElement>("/api/v1/twins?kind=walk");
        Assert.Equal("walk/one", Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("id").GetString());
        Assert.False(page.TryGetProperty("cursor", out _));
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) =>
        _http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded"));
}
