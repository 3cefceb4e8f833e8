using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TwinGrid;
using TwinGrid.Client;

// Run the WindFarm sample in one terminal and this in another.
HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
#region readme-client
builder.AddTwinGridClient(options => options.Gateways = ["127.0.0.1:30000"]);
using IHost host = builder.Build();
await host.StartAsync();

TwinGridClient grid = host.Services.GetRequiredService<TwinGridClient>();
TwinHandle turbine = grid.Twin("turbine/t07");
TwinSnapshot? twin = await turbine.GetAsync();
Console.WriteLine($"bearing {twin?.Telemetry["bearingTemperature"].Value} °C, predicted power "
    + $"{twin?.Predictions["power"].Value:0} kW");

CommandHandle derate = await turbine.SendCommandAsync("derate", new { limit = 0.5 });
CommandSnapshot end = await derate.WaitAsync();
Console.WriteLine($"derate {end.Status}");
#endregion
await host.StopAsync();
