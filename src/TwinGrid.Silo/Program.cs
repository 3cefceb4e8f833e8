WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = args,
    ContentRootPath = AppContext.BaseDirectory, // where appsettings.json is, wherever the program is started from
});
if (args is ["verify", ..])
{
    return await builder.VerifyTwinGridAsync();
}

builder.AddTwinGridSilo();
builder.UseTwinGridHttp();

WebApplication app = builder.Build();
app.MapTwinGrid();
return await app.RunTwinGridAsync();
