using System.Globalization;
using System.Net;

namespace TwinGrid.FaultTests.Proxy;

/// <summary>
/// Which process of the harness owns the other end of a connection, from /proc: its local port leads to a socket's
/// inode, and that to a process' open files.
/// </summary>
internal static class SocketOwners
{
    /// <summary>The name of the process that connected from an address; "" where it is none of those.</summary>
    /// <param name="end">The far end of an accepted connection.</param>
    /// <param name="processes">Process ids by name.</param>
    public static string Find(IPEndPoint end, IEnumerable<(string Name, int Id)> processes)
    {
        if (InodeOf(end.Port) is not { } inode)
        {
            return "";
        }

        string wanted = $"socket:[{inode}]";
        foreach ((string name, int id) in processes)
        {
            if (Owns(id, wanted))
            {
                return name;
            }
        }

        return "";
    }

    // Columns of proc(5): sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode.
    private static string? InodeOf(int port)
    {
        string local = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (string file in (string[])["/proc/net/tcp", "/proc/net/tcp6"])
        {
            foreach (string line in File.ReadLines(file))
            {
                string[] columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (columns.Length > 9 && columns[1].EndsWith(local, StringComparison.Ordinal))
                {
                    return columns[9];
                }
            }
        }

        return null;
    }

    private static bool Owns(int process, string socket)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{process}/fd")
                .Any(file => File.ResolveLinkTarget(file, returnFinalTarget: false)?.Name == socket);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process is gone, or closed the file while it was looked at.
            return false;
        }
    }
}
