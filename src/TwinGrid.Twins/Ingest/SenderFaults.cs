using Microsoft.Extensions.Logging;

namespace TwinGrid.Twins.Ingest;

/// <summary>Tells senders what became of their messages; one that throws must not keep others from hearing.</summary>
internal static partial class SenderFaults
{
    /// <summary>Finishes a message.</summary>
    public static void Finish(this IngestMessage message, in IngestResult result, ILogger logger)
    {
        try
        {
            message.Finished(result);
        }
#pragma warning disable CA1031 // It was told not to throw; whatever it was, the twin and the other senders go on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(logger, e, message.Address.Twin);
        }
    }

    [LoggerMessage(LogLevel.Error, "A sender failed when it was told what became of its message to {Twin}.")]
    private static partial void LogFailed(ILogger logger, Exception exception, TwinId twin);
}
