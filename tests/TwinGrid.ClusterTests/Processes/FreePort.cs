using System.Net;
using System.Net.Sockets;

namespace TwinGrid.ClusterTests.Processes;

/// <summary>Ports for settings that do not take 0.</summary>
internal static class FreePort
{
    // Below Linux' range for outgoing connections (32768 and up), so that no connection takes a port between the look
    // and the start of the silo; the process id keeps two runs of the tests apart.
    private const int First = 20_000;
    private const int Count = 10_000;

    private static int _next = Environment.ProcessId * 101 % Count;

    /// <summary>A port of loopback that nobody listens on and that this process has not given out before.</summary>
    public static int Next()
    {
        for (int tries = 0; tries < Count; tries++)
        {
            int port = First + (Interlocked.Increment(ref _next) % Count);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: try the next one.
            }
        }

        throw new InvalidOperationException($"No free port from {First} to {First + Count - 1}");
    }
}
