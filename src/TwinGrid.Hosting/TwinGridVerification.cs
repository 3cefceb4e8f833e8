using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using TwinGrid;
using TwinGrid.Hosting;
using TwinGrid.Hosting.Verification;

namespace Microsoft.Extensions.Hosting;

/// <summary>Verifies what a grid has stored.</summary>
public static class TwinGridVerification
{
    /// <summary>
    /// Reads all rows of the store that the section <c>TwinGrid</c> names, and the definitions, compares their
    /// checksums, follows each twin's log, and says on the standard output what is damaged and what to do; on the
    /// standard error, how far it is. Changes nothing; a silo may run on the store meanwhile. Instead of
    /// <c>AddTwinGridSilo</c>, for the same builder; a store of your own is registered before this call.
    /// </summary>
    /// <param name="builder">The host's builder; nothing is started of it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The exit code: 0 all intact, 1 something is damaged, 2 it could not be read.</returns>
    public static Task<int> VerifyTwinGridAsync(
        this IHostApplicationBuilder builder, CancellationToken cancellationToken = default) =>
        builder.VerifyTwinGridAsync(refold: false, twin: null, cancellationToken);

    /// <summary>
    /// The same, and folds each twin's log again: the states that are stored of it must come out bit for bit. The
    /// types of models and policies that definitions name are registered before this call.
    /// </summary>
    /// <param name="builder">The host's builder; nothing is started of it.</param>
    /// <param name="refold">True where logs are folded again.</param>
    /// <param name="twin">
    /// The id (<c>kind/key</c>) of the one twin whose log is folded again, and nothing else is read; null for all.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The exit code: 0 all intact and equal, 1 something is not, 2 it could not be read.</returns>
    public static async Task<int> VerifyTwinGridAsync(
        this IHostApplicationBuilder builder, bool refold, string? twin, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(builder);
        GridServices.AddStoreToRead(builder);
        GridServices.AddDefinitionsToRead(builder);

        // What is said on the standard output is what was found, and nothing else.
        builder.Services.Configure<ConsoleLoggerOptions>(
            static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        ServiceProvider services = builder.Services.BuildServiceProvider();
        await using (services)
        {
            VerifyCommand command = new(services.GetRequiredService<TimeProvider>(), Console.Out, Console.Error);
            StoredLogs logs = new(services);
            return await command.RunAsync(
                services.GetRequiredService<ITwinStore>,
                () => logs.VerifyDefinitionsAsync(cancellationToken),
                refold ? () => logs.OpenAsync(cancellationToken) : null,
                twin,
                cancellationToken);
        }
    }
}
