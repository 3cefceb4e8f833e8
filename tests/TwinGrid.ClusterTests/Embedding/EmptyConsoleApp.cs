using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using TwinGrid;
using TwinGrid.Client;

var builder = Host.CreateApplicationBuilder();
builder.AddTwinGridClient(options => options.Gateways = [args[0]]);
using IHost host = builder.Build();
await host.StartAsync();
var grid = host.Services.GetRequiredService<TwinGridClient>();
TwinHandle twin = grid.Twin("valve/embedded");

TwinSnapshot? snapshot = await twin.GetAsync();
Console.WriteLine($"angle={snapshot?.Telemetry["angle"].Value}");
CommandHandle command = await twin.SendCommandAsync("open", new { angle = 30 });
CommandSnapshot end = await command.WaitAsync();
Console.WriteLine($"command={end.Status}");
await host.StopAsync();
