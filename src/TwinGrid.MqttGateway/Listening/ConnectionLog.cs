using System.Net;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// What connections log: one line for what an operator can act on, none for a client that comes and goes.
/// </summary>
internal static partial class ConnectionLog
{
    [LoggerMessage(Level = LogLevel.Information,
        Message = "the client '{Client}' at {Address} is disconnected: {Reason}, {Detail}")]
    public static partial void Refused(
        ILogger logger, string client, IPAddress address, ReasonCode reason, string detail);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the subscriber '{Client}' is too slow for the alarms and commands that it asked for: disconnected")]
    public static partial void TooSlow(ILogger logger, string client);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the store did not keep that '{Client}' unsubscribed: after a restart it is subscribed again")]
    public static partial void NotKept(ILogger logger, string client);

    [LoggerMessage(Level = LogLevel.Error, Message = "the session of '{Client}' could not begin")]
    public static partial void NoSession(ILogger logger, Exception exception, string client);
}
