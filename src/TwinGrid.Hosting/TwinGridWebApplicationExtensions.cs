using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using TwinGrid.Hosting.Startup;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Runs an application that is a grid.</summary>
public static class TwinGridWebApplicationExtensions
{
    /// <summary>
    /// Starts the application, says on the standard output where it listens and how to send a first reading, and runs
    /// until SIGTERM, Ctrl-C or a call to stop. What keeps it from starting and can be mended is said on the standard
    /// error, one line each, naming the key.
    /// </summary>
    /// <param name="app">The application, with <c>AddTwinGridSilo</c> and <c>MapTwinGrid</c> done.</param>
    /// <param name="cancellationToken">Stops the application.</param>
    /// <returns>The exit code: 0 after a stop that was asked for, 1 when it could not start.</returns>
    public static async Task<int> RunTwinGridAsync(
        this WebApplication app, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(app);
        await using (app)
        {
            try
            {
                await app.Services.GetRequiredService<GridStartup>().PrepareAsync(cancellationToken);
                await app.StartAsync(cancellationToken);
            }
            catch (Exception e) when (StartFailure.Explain(e) is { Count: > 0 } lines)
            {
                foreach (string line in lines)
                {
                    await Console.Error.WriteLineAsync($"twingrid: {line}");
                }

                return 1;
            }

            foreach (string line in Greeting.Of(app.Services).Lines())
            {
                await Console.Out.WriteLineAsync(line);
            }

            await app.WaitForShutdownAsync(cancellationToken);
            return 0;
        }
    }
}
