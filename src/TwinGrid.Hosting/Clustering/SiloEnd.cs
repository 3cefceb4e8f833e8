using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace TwinGrid.Hosting.Clustering;

/// <summary>
/// Ends the process when its silo was taken for dead or can no longer work: at once, so that it answers nothing more,
/// with a line that says why, and with an exit code that tells whoever supervises it to start it again. Register an
/// <see cref="IFatalErrorHandler"/> of your own before <c>AddTwinGridSilo</c> where a process holds more than a grid.
/// </summary>
internal sealed partial class SiloEnd(ILogger<SiloEnd> logger) : IFatalErrorHandler
{
    /// <summary>EX_TEMPFAIL of sysexits.h: it will do when it is tried again.</summary>
    private const int ExitCode = 75;

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        // The logger may write in its own time, which there is none for.
        LogEnd(logger, context, exception);
        Console.Error.WriteLine($"twingrid: {Why(context, exception)}");
        Environment.Exit(ExitCode);
    }

    private static string Why(string? context, Exception? exception) => exception switch
    {
        TwinGridException known => known.Message,
        null => $"this silo ends: {context}",
        _ => $"this silo ends: {context}: {exception.Message}",
    };

    [LoggerMessage(LogLevel.Critical, "The silo ends: {Context}")]
    private static partial void LogEnd(ILogger logger, string? context, Exception? exception);
}
