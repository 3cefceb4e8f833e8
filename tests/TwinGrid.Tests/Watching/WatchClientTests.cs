using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using TwinGrid.Client;
using TwinGrid.Tests.Client;
using TwinGrid.Tests.Hosting;

namespace TwinGrid.Tests.Watching;

/// <summary>Another service watches twins, asks for properties and calls commands back, over a real socket.</summary>
public sealed class WatchClientTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    [Fact]
    public async Task A_watch_gives_the_twin_after_every_change_and_ends_with_it()
    {
        await PostAsync("watched", """{"power":1}""");
        using IHost service = await ClientTests.StartAsync(fixture.Grid.GatewayPort);
        TwinHandle turbine = Twin(service, "watched");
        List<string> seen = [];
        await foreach (TwinChange change in turbine.WatchAsync())
        {
            seen.Add($"{change.Kind} {change.Revision} {change.Twin?.Telemetry["power"].Value.Number}");
            Assert.Equal(change.Kind == TwinChangeKind.Deleted ? null : change.Revision, change.Twin?.Revision);
            if (seen.Count < 4)
            {
                await PostAsync("watched", $$"""{"power":{{seen.Count + 1}}}""");
            }
            else if (seen.Count == 4)
            {
                await fixture.Http.DeleteAsync("/api/v1/twins/turbine/watched");
            }
        }

        Assert.Equal(["Snapshot 1 1", "Change 2 2", "Change 3 3", "Change 4 4", "Deleted 5 "], seen);
    }

    [Fact]
    public async Task A_watch_goes_on_after_the_revision_that_the_service_knows()
    {
        for (int i = 1; i <= 4; i++)
        {
            await PostAsync("known", $$"""{"power":{{i}}}""");
        }

        using IHost service = await ClientTests.StartAsync(fixture.Grid.GatewayPort);
        TwinChange[] changes = await Twin(service, "known").WatchAsync(afterRevision: 2).Take(2).ToArrayAsync();
        Assert.Equal([3L, 4L], changes.Select(change => change.Revision));
        Assert.All(changes, change => Assert.Contains("\"power\"", change.Document.Text!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_watch_goes_on_without_a_gap_over_a_restart_of_the_grid()
    {
        DirectoryInfo data = Directory.CreateTempSubdirectory("twingrid-test-");
        int[] ports = RunningGrid.FreePorts(2);
        (string, string)[] settings =
        [
            ("TwinGrid:DataDirectory", data.FullName),
            ("TwinGrid:Cluster:SiloPort", $"{ports[0]}"),
            ("TwinGrid:Cluster:GatewayPort", $"{ports[1]}"),
        ];
        using IHost service = await ClientTests.StartAsync(ports[1]);
        TwinHandle twin = service.Services.GetRequiredService<TwinGridClient>().Twin("demo/a");
        List<string> seen = [];
        IAsyncEnumerator<TwinChange>? watch = null;
        for (int life = 0; life < 2; life++)
        {
            await using RunningGrid grid = await RunningGrid.StartAsync(null, settings);
            await SendAsync(grid, 3);
            watch ??= twin.WatchAsync().GetAsyncEnumerator();
            while (seen.Count == 0 || !seen[^1].EndsWith($" {3 * (life + 1)}", StringComparison.Ordinal))
            {
                Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
                seen.Add($"{watch.Current.Kind} {watch.Current.Revision}");
            }
        }

        Assert.Equal(["Snapshot 3", "Change 4", "Change 5", "Change 6"], seen);
        await watch!.DisposeAsync();
        data.Delete(recursive: true);

        static async Task SendAsync(RunningGrid grid, int times)
        {
            for (int i = 0; i < times; i++)
            {
                await grid.Http.PostAsync("/api/v1/twins/demo/a/telemetry/t", new StringContent($"{i}"));
            }
        }
    }

    [Fact]
    public async Task A_twin_that_does_not_exist_cannot_be_watched()
    {
        using IHost service = await ClientTests.StartAsync(fixture.Grid.GatewayPort);
        TwinGridException nobody = await Assert.ThrowsAsync<TwinGridException>(
            async () => await Twin(service, "nobody").WatchAsync().FirstAsync());
        Assert.Contains("turbine/nobody", nobody.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_ends_with_its_token_while_it_waits()
    {
        await PostAsync("quiet", """{"power":1}""");
        using IHost service = await ClientTests.StartAsync(fixture.Grid.GatewayPort);
        using CancellationTokenSource end = new();
        await using IAsyncEnumerator<TwinChange> watch =
            Twin(service, "quiet").WatchAsync(cancellationToken: end.Token).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        Task<bool> waiting = watch.MoveNextAsync().AsTask();
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Desired_properties_are_written_under_their_revision()
    {
        await PostAsync("asked", """{"power":1}""");
        using IHost service = await ClientTests.StartAsync(fixture.Grid.GatewayPort);
        TwinHandle turbine = Twin(service, "asked");

        DesiredAnswer first = await turbine.PatchDesiredAsync(new { PowerLimit = 5 }, ifRevision: 0);
        Assert.Equal(
            (DesiredRefusal.None, 1, """{"powerLimit":5}"""),
            (first.Refusal, first.Desired!.Revision, first.Desired.Desired.Text));
        Assert.Equal(
            DesiredRefusal.Conflict, (await turbine.PatchDesiredAsync(new { PowerLimit = 6 }, ifRevision: 0)).Refusal);
        DesiredAnswer wrong = await turbine.PatchDesiredAsync(new RawJson("""{"serial":"x"}"""));
        Assert.Equal("/serial", Assert.Single(wrong.Errors).Pointer);
        Assert.Equal(
            DesiredRefusal.UnknownTwin, (await Twin(service, "nobody").PatchDesiredAsync(new { A = 1 })).Refusal);
    }

    [Fact]
    public async Task A_command_is_called_back()
    {
        await PostAsync("recalled", """{"power":1}""");
        using IHost service = await ClientTests.StartAsync(fixture.Grid.GatewayPort);
        CommandHandle command = await Twin(service, "recalled").SendCommandAsync("derate");
        Task<CommandSnapshot> end = command.WaitAsync();
        CancelAnswer answer = await command.CancelAsync();
        Assert.Equal((CancelRefusal.None, CommandStatus.Cancelled), (answer.Refusal, answer.Command!.Status));
        Assert.Equal(CommandStatus.Cancelled, (await end).Status);
    }

    private static TwinHandle Twin(IHost service, string key) =>
        service.Services.GetRequiredService<TwinGridClient>().Twin($"turbine/{key}");

    private Task PostAsync(string key, string body) =>
        fixture.Http.PostAsync($"/api/v1/twins/turbine/{key}/telemetry", new StringContent(body));
}
