using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace TwinGrid.LoadTest.Servers;

/// <summary>The life of the servers that this program is itself.</summary>
internal static class ServingUntil
{
    /// <summary>Says where a started server listens, and stops it when the pipe of its starter closes.</summary>
    public static async Task InputClosesAsync(WebApplication app)
    {
        Console.WriteLine($"mqtt://127.0.0.1:{new Uri(app.Urls.Single()).Port}");
        Task closed = Console.OpenStandardInput().CopyToAsync(Stream.Null);
        await Task.WhenAny(closed, app.WaitForShutdownAsync());
        await app.StopAsync();
    }
}
