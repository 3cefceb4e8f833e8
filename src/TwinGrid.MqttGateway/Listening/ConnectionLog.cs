using System.Net;
using Microsoft.Extensions.Logging;
using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// What connections log: one line for what an operator can act on, none for a client that comes and goes; and at most
/// <see cref="LinesPerSecond"/> of them, so that nobody fills a disk by sending nonsense. Thread-safe.
/// </summary>
internal sealed partial class ConnectionLog(TimeProvider clock, ILogger<ConnectionLog> logger)
{
    /// <summary>The most lines of a second; how many were left out is said with the next one.</summary>
    public const int LinesPerSecond = 20;

    private const int LongestText = 256;

    private readonly Lock _lock = new();
    private long _second;
    private int _lines;
    private int _leftOut;

    public void Refused(string client, IPAddress address, PacketFault fault)
    {
        if (MayLog())
        {
            (string who, string why) = (Printable(client), Printable(fault.Detail));
            LogRefused(who, address, fault.Reason, why);
        }
    }

    public void TooMany(IPAddress address)
    {
        if (MayLog())
        {
            LogTooMany(address);
        }
    }

    public void TooSlow(string client)
    {
        if (MayLog())
        {
            string who = Printable(client);
            LogTooSlow(who);
        }
    }

    public void NotKept(string client)
    {
        if (MayLog())
        {
            string who = Printable(client);
            LogNotKept(who);
        }
    }

    public void NoSession(Exception exception, string client)
    {
        if (MayLog())
        {
            string who = Printable(client);
            LogNoSession(exception, who);
        }
    }

    /// <summary>A client's text without control characters, which could forge lines of the log, and cut.</summary>
    private static string Printable(string text)
    {
        string cut = text.Length <= LongestText ? text : $"{text.AsSpan(0, LongestText)}…";
        return string.Create(cut.Length, cut, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(from[i]) ? '?' : from[i];
            }
        });
    }

    private bool MayLog()
    {
        long second = clock.GetTimestamp() / clock.TimestampFrequency;
        int leftOut = 0;
        lock (_lock)
        {
            if (second != _second)
            {
                (leftOut, _leftOut, _lines, _second) = (_leftOut, 0, 0, second);
            }

            if (++_lines > LinesPerSecond)
            {
                _leftOut++;
                return false;
            }
        }

        if (leftOut > 0)
        {
            LogLeftOut(leftOut);
        }

        return true;
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "the client '{Client}' at {Address} is disconnected: {Reason}, {Detail}")]
    private partial void LogRefused(string client, IPAddress address, ReasonCode reason, string detail);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Address} has as many MQTT connections as TwinGrid:Limits:ConnectionsPerAddress allows")]
    private partial void LogTooMany(IPAddress address);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the subscriber '{Client}' is too slow for the alarms and commands that it asked for: disconnected")]
    private partial void LogTooSlow(string client);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the store did not keep that '{Client}' unsubscribed: after a restart it is subscribed again")]
    private partial void LogNotKept(string client);

    [LoggerMessage(Level = LogLevel.Error, Message = "the session of '{Client}' could not begin")]
    private partial void LogNoSession(Exception exception, string client);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Count} lines about MQTT connections were left out; twingrid.mqtt.connections.ended counts them")]
    private partial void LogLeftOut(int count);
}
