WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = [.. args.Where(arg => arg != "--refold")], // a word without a value is no setting
    ContentRootPath = AppContext.BaseDirectory, // where appsettings.json is, wherever the program is started from
});
if (args is ["verify", ..])
{
    string? twin = args.SkipWhile(arg => arg != "--twin").ElementAtOrDefault(1);
    return await builder.VerifyTwinGridAsync(args.Contains("--refold"), twin);
}

builder.AddTwinGridSilo();
builder.UseTwinGridHttp();

WebApplication app = builder.Build();
app.MapTwinGrid();
return await app.RunTwinGridAsync();
