using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Delivery;

/// <summary>
/// Tells a twin that its command was delivered: when a session of its device acknowledged it. Whoever else hears
/// commands only observes. Thread-safe.
/// </summary>
internal sealed partial class CommandReceipts(
    ITwinIngest ingest, IOptions<MqttOptions> options, TimeProvider clock, ILogger<CommandReceipts> logger)
{
    private const int MostTries = 6;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    private readonly string _root = options.Value.TopicRoot;

    /// <summary>A session acknowledged a message of the grid.</summary>
    public void Acknowledged(MqttSession session, OutgoingMessage message)
    {
        if (message is not { CommandOf: { } twin, CommandId: { } id } || !session.IsDeviceOf(twin, _root))
        {
            return;
        }

        byte[] delivered = PackedInputs.Pack(
            InputKind.CommandDelivered,
            UnixMicroseconds.Now(clock),
            new CommandDeliveredInput(id),
            TwinGridJson.Default.CommandDeliveredInput);

        // Handed over here, so that it stands before the device's result; waited for beside the packets' path.
        _ = TellAsync(twin, delivered);
    }

    private async Task TellAsync(TwinId twin, byte[] delivered)
    {
        for (int tries = 1; !await TryTellAsync(twin, delivered, isLast: tries == MostTries); tries++)
        {
            await Task.Delay(FirstPause * Math.Pow(2, tries - 1), clock);
        }
    }

    /// <returns>True when there is nothing more to try.</returns>
    private async Task<bool> TryTellAsync(TwinId twin, byte[] delivered, bool isLast)
    {
        try
        {
            IngestResult result = await ingest.IngestAsync(twin, delivered);
            if (result.Status == IngestStatus.Unavailable && !isLast)
            {
                // Its silo is gone or the store is away: where it wakes next it still waits to hear.
                return false;
            }

            if (result.Status != IngestStatus.Accepted)
            {
                LogNotTold(twin, result.Status);
            }
        }
        catch (Exception e)
        {
            LogFailed(e, twin);
        }

        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Twin} did not hear that its command was delivered ({Status}): the next subscription gets it again")]
    private partial void LogNotTold(TwinId twin, IngestStatus status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Twin} could not be told that its command was delivered")]
    private partial void LogFailed(Exception exception, TwinId twin);
}
