using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace TwinGrid.Hosting.Security;

/// <summary>
/// Judges the sockets before anything listens: none without TLS beyond loopback unless that is wanted, and none that
/// is taken.
/// </summary>
internal sealed partial class ListenerCheck(
    IEnumerable<GridListener> listeners, IOptions<SecurityOptions> security, ILogger<ListenerCheck> log)
{
    /// <summary>Refuses what others could read and command.</summary>
    /// <exception cref="OptionsValidationException">A listener is beyond loopback and that is not allowed.</exception>
    public void JudgePlaintext()
    {
        GridListener[] open = [.. listeners.Where(static listener => listener is { Port: >= 0, IsLoopback: false })];
        if (open.Length != 0 && !security.Value.AllowPlaintext)
        {
            throw new OptionsValidationException(
                nameof(SecurityOptions), typeof(SecurityOptions), open.Select(static listener =>
                    $"{listener.AddressKey} is '{listener.Address}': without TLS everyone who reaches it could read "
                    + "and command every twin; use 127.0.0.1, or set TwinGrid:Security:AllowPlaintext=true"));
        }

        foreach (GridListener listener in open)
        {
            LogPlaintext(log, listener.AddressKey, listener.Address, listener.Port);
        }
    }

    /// <summary>
    /// Finds taken ports while nothing has started. Another program may still take one before we do; then the start
    /// fails with the socket's own words.
    /// </summary>
    /// <exception cref="TwinGridException">A port is taken; the message names its key.</exception>
    public void JudgePorts()
    {
        foreach (GridListener listener in listeners.Where(static listener => listener.Port > 0))
        {
            using Socket socket = new(listener.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(listener.Address, listener.Port));
            }
            catch (SocketException e)
            {
                throw new TwinGridException(Explain(listener, e), e);
            }
        }
    }

    private static string Explain(GridListener listener, SocketException e) => e.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse =>
            $"{listener.PortKey}: port {listener.Port} on {listener.Address} is in use by another program; "
            + $"set another, such as --{listener.PortKey}={Another(listener.Port)}",
        SocketError.AccessDenied =>
            $"{listener.PortKey}: port {listener.Port} needs rights that this process does not have; "
            + $"set one above 1023, such as --{listener.PortKey}={Another(listener.Port + 1_024)}",
        _ => $"{listener.AddressKey}: cannot listen on {listener.Address}: {e.Message}",
    };

    private static int Another(int port) => port < 65_535 ? port + 1 : port - 1;

    [LoggerMessage(1, LogLevel.Warning,
        "{Key}: {Address}:{Port} is reachable from other machines without TLS; everyone there can read and command "
        + "every twin (TwinGrid:Security:AllowPlaintext is true)")]
    private static partial void LogPlaintext(ILogger logger, string key, IPAddress address, int port);
}
