using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TwinGrid.Client;
using TwinGrid.Tests.Hosting;

namespace TwinGrid.Tests.Client;

/// <summary>Another service reads twins and sends commands, over a real socket to a real silo.</summary>
public sealed class ClientTests(GridFixture fixture) : IClassFixture<GridFixture>
{
    [Fact]
    public async Task A_twin_is_read_and_one_that_does_not_exist_is_null()
    {
        await PostAsync("read", """{"power":21.5}""");
        using IHost service = await StartAsync(fixture.Grid.GatewayPort);
        TwinGridClient grid = service.Services.GetRequiredService<TwinGridClient>();

        TwinSnapshot? twin = await grid.Twin("turbine/read").GetAsync();

        Assert.Equal(21.5, twin!.Telemetry["power"].Value.Number);
        Assert.Null(await grid.Twin("turbine/nobody").GetAsync());
    }

    [Fact]
    public async Task A_command_is_sent_and_its_result_awaited()
    {
        await PostAsync("told", """{"power":21.5}""");
        using IHost service = await StartAsync(fixture.Grid.GatewayPort);
        TwinHandle turbine = service.Services.GetRequiredService<TwinGridClient>().Twin("turbine/told");

        CommandHandle command = await turbine.SendCommandAsync("derate", new { Limit = 0.5 });
        Task<CommandSnapshot> result = command.WaitAsync();
        await AnswerAsync(turbine.Id, new CommandResultInput(command.Id, CommandStatus.Succeeded, Message: "done"));

        Assert.Equal("""{"limit":0.5}""", command.Accepted.Args.Text);
        Assert.Equal(CommandStatus.Queued, command.Accepted.Status);
        Assert.Equal((CommandStatus.Succeeded, "done"), ((await result).Status, (await result).Message));
        Assert.Equal(CommandStatus.Succeeded, (await command.GetAsync()).Status);
    }

    [Fact]
    public async Task A_command_that_nobody_takes_expires()
    {
        await PostAsync("deaf", """{"power":21.5}""");
        using IHost service = await StartAsync(fixture.Grid.GatewayPort);
        TwinHandle turbine = service.Services.GetRequiredService<TwinGridClient>().Twin("turbine/deaf");

        CommandHandle command = await turbine.SendCommandAsync("derate", expiresIn: TimeSpan.FromSeconds(1));

        Assert.Equal(CommandStatus.Expired, (await command.WaitAsync()).Status);
    }

    [Fact]
    public async Task A_command_that_the_grid_does_not_take_is_an_exception_with_the_reason()
    {
        await PostAsync("strict", """{"power":21.5}""");
        using IHost service = await StartAsync(fixture.Grid.GatewayPort);
        TwinGridClient grid = service.Services.GetRequiredService<TwinGridClient>();

        Assert.Equal(CommandRefusal.UnknownTwin, await RefusalAsync(grid.Twin("turbine/nobody"), "derate"));
        Assert.Equal(CommandRefusal.UnknownCommand, await RefusalAsync(grid.Twin("turbine/strict"), "explode"));
        await Assert.ThrowsAsync<ArgumentException>(() => grid.Twin("turbine/strict").SendCommandAsync("a/b"));
        await Assert.ThrowsAsync<ArgumentException>(
            () => grid.Twin("turbine/strict").SendCommandAsync("derate", new RawJson("{")));
        Assert.Throws<TwinGridException>(() => grid.Twin("turbine"));
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_is_the_same_command()
    {
        await PostAsync("once", """{"power":21.5}""");
        using IHost service = await StartAsync(fixture.Grid.GatewayPort);
        TwinHandle turbine = service.Services.GetRequiredService<TwinGridClient>().Twin("turbine/once");

        CommandHandle first = await turbine.SendCommandAsync("derate", new RawJson("{}"), idempotencyKey: "a");
        CommandHandle again = await turbine.SendCommandAsync("derate", new RawJson("{}"), idempotencyKey: "a");

        Assert.Equal(first.Id, again.Id);
    }

    [Fact]
    public async Task Twins_are_listed_and_an_alarm_is_acknowledged()
    {
        await PostAsync("hot", """{"bearingTemperature":90}""");
        using IHost service = await StartAsync(fixture.Grid.GatewayPort);
        TwinGridClient grid = service.Services.GetRequiredService<TwinGridClient>();

        List<TwinSummary> turbines = [];
        await foreach (TwinSummary twin in grid.ListAsync("turbine"))
        {
            turbines.Add(twin);
        }

        Assert.Equal(1, turbines.Single(static twin => twin.Id == "turbine/hot").ActiveAlarms);
        AlarmSnapshot? alarm = await grid.Twin("turbine/hot").AcknowledgeAlarmAsync("overheat", "ada");
        Assert.Equal((true, "ada"), (alarm!.Acknowledged, alarm.AcknowledgedBy));
        Assert.Null(await grid.Twin("turbine/hot").AcknowledgeAlarmAsync("freezing", "ada"));
    }

    [Fact]
    public async Task A_service_starts_before_its_grid_and_a_call_waits_for_it()
    {
        int[] ports = RunningGrid.FreePorts(1);
        using IHost service = await StartAsync(ports[0], timeout: TimeSpan.FromSeconds(60));
        TwinGridClient grid = service.Services.GetRequiredService<TwinGridClient>();

        Task<TwinSnapshot?> early = grid.Twin("turbine/later").GetAsync();
        await using RunningGrid late =
            await RunningGrid.StartAsync(null, ("TwinGrid:Cluster:GatewayPort", $"{ports[0]}"));

        Assert.Null(await early);
    }

    [Fact]
    public async Task Without_a_grid_a_call_says_where_it_looked()
    {
        int port = RunningGrid.FreePorts(1)[0];
        using IHost service = await StartAsync(port, timeout: TimeSpan.FromSeconds(1));

        TwinGridUnavailableException nobody = await Assert.ThrowsAsync<TwinGridUnavailableException>(
            () => service.Services.GetRequiredService<TwinGridClient>().Twin("turbine/t07").GetAsync());

        Assert.Contains($"127.0.0.1:{port}", nobody.Message);
        Assert.Contains("TwinGridClient:Gateways", nobody.Message);
    }

    [Fact]
    public async Task A_wrong_address_stops_the_start_of_the_service()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.AddTwinGridClient(static options => options.Gateways = ["127.0.0.1"]);
        using IHost service = builder.Build();

        OptionsValidationException wrong =
            await Assert.ThrowsAsync<OptionsValidationException>(() => service.StartAsync());

        Assert.Contains("TwinGridClient:Gateways: '127.0.0.1' is not host:port", wrong.Message);
    }

    internal static async Task<IHost> StartAsync(int gatewayPort, TimeSpan? timeout = null)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.AddTwinGridClient(options =>
        {
            options.Gateways = [$"127.0.0.1:{gatewayPort}"];
            options.Timeout = timeout ?? TimeSpan.FromSeconds(30);
        });
        IHost service = builder.Build();
        await service.StartAsync();
        return service;
    }

    private static async Task<CommandRefusal> RefusalAsync(TwinHandle twin, string command) =>
        (await Assert.ThrowsAsync<CommandRefusedException>(() => twin.SendCommandAsync(command))).Reason;

    // The device's answer, as its gateway brings it.
    private async Task AnswerAsync(TwinId twin, CommandResultInput result)
    {
        byte[] input = PackedInputs.Pack(
            InputKind.CommandResult,
            UnixMicroseconds.Now(TimeProvider.System),
            result,
            TwinGridJson.Default.CommandResultInput);
        IngestResult taken = await fixture.Grid.Services.GetRequiredService<ITwinIngest>().IngestAsync(twin, input);
        Assert.Equal(IngestStatus.Accepted, taken.Status);
    }

    private Task PostAsync(string key, string body) =>
        fixture.Http.PostAsync($"/api/v1/twins/turbine/{key}/telemetry", new StringContent(body));
}
