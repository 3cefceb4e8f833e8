using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace TwinGrid.Tests.Hosting;

/// <summary>A twin whose stored bytes are damaged keeps nobody but itself from working.</summary>
public sealed class DamagedTwinTests
{
    [Fact]
    public async Task A_damaged_twin_says_so_is_listed_and_holds_nobody_up()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync();
        await PostAsync(grid, "bad");
        await PostAsync(grid, "good");
        await DamageAsync(grid, "bad");

        HttpResponseMessage posted = await PostAsync(grid, "bad");
        HttpResponseMessage read = await grid.Http.GetAsync("/api/v1/twins/c/bad");
        foreach (HttpResponseMessage answer in new[] { posted, read })
        {
            JsonElement problem = await Problem.AssertAsync(answer, 500, "damaged-twin");
            Assert.Contains("the word verify", problem.GetProperty("detail").GetString());
            Assert.Contains("c/bad", problem.GetProperty("detail").GetString());
        }

        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(grid, "good")).StatusCode);
        JsonElement page = await grid.Http.GetFromJsonAsync<JsonElement>("/api/v1/twins?kind=c");
        Assert.Equal(
            [("c/bad", "damaged"), ("c/good", null)],
            page.GetProperty("items").EnumerateArray().Select(static item => (
                item.GetProperty("id").GetString(),
                item.TryGetProperty("problem", out JsonElement problem) ? problem.GetString() : null)));
    }

    [Fact]
    public async Task What_comes_for_a_damaged_twin_is_answered_in_its_order_and_the_store_is_left_alone()
    {
        await using RunningGrid grid = await RunningGrid.StartAsync();
        await PostAsync(grid, "bad");
        await DamageAsync(grid, "bad");
        ITwinIngest road = grid.Services.GetRequiredService<ITwinIngest>();
        ReadingWriter readings = new();
        readings.BeginMessage(new MessageHeader { Received = UnixMicroseconds.Now(TimeProvider.System) });
        readings.Number("t"u8, 2);
        readings.EndMessage();

        IngestResult[] answers = await Task.WhenAll(Enumerable.Range(0, 200)
            .Select(_ => road.IngestAsync(new TwinId("c", "bad"), readings.Written)));

        Assert.All(answers, static answer => Assert.Equal(IngestStatus.Damaged, answer.Status));
    }

    private static Task<HttpResponseMessage> PostAsync(RunningGrid grid, string key) =>
        grid.Http.PostAsync($"/api/v1/twins/c/{key}/telemetry", new StringContent("""{"t":1}"""));

    // The twin rests, so that its next message reads it again.
    private static async Task DamageAsync(RunningGrid grid, string key)
    {
        IManagementGrain management =
            grid.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        await management.ForceActivationCollection(TimeSpan.Zero);
        await using SqliteConnection connection = new(
            $"Data Source={Path.Combine(grid.DataDirectory, "twingrid.db")};Pooling=False");
        await connection.OpenAsync();
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            UPDATE snapshot SET crc = crc + 1 WHERE twin_id = (SELECT twin_id FROM twin WHERE key = $key)
            """;
        command.Parameters.AddWithValue("$key", key);
        await Eventually.HoldsAsync(async () => await command.ExecuteNonQueryAsync() == 1);
    }
}
