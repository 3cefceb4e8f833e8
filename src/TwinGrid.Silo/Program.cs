using TwinGrid.Hosting;

if (!TwinGridCommandLine.TryParse(args, out TwinGridCommandLine? line, out string? problem))
{
    await Console.Error.WriteLineAsync($"twingrid: {problem}");
    return 2;
}

WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = line.Settings,
    ContentRootPath = AppContext.BaseDirectory, // where appsettings.json is, wherever the program is started from
});
if (line.Verifies)
{
    return await builder.VerifyTwinGridAsync(line.Refolds, line.Twin);
}

builder.AddTwinGridSilo();
builder.UseTwinGridHttp();

WebApplication app = builder.Build();
app.MapTwinGrid();
return await app.RunTwinGridAsync();
