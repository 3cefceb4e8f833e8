using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TwinGrid.FaultTests.Network;

/// <summary>
/// Sockets of this process at another host: a socket belongs for ever to the namespace that the thread which opens it
/// is in, see setns(2) and network_namespaces(7).
/// </summary>
internal static partial class HostSocket
{
    private const int NetworkNamespace = 0x4000_0000;

    /// <summary>Opens a TCP socket.</summary>
    /// <param name="name">The namespace's name, as <c>ip netns</c> has it.</param>
    /// <exception cref="NoResultException">It could not be opened.</exception>
    public static Socket Open(string name)
    {
        Socket? socket = null;
        Exception? problem = null;

        // A thread of its own, which ends: no other work may find itself in the namespace.
        Thread visitor = new(() =>
        {
            try
            {
                socket = Visit(name);
            }
            catch (Exception e) when (e is IOException or SocketException or Win32Exception)
            {
                problem = e;
            }
        });
        visitor.Start();
        visitor.Join();
        return socket ?? throw new NoResultException($"no socket in the network namespace {name}: {problem?.Message}");
    }

    private static Socket Visit(string name)
    {
        using SafeFileHandle place = File.OpenHandle($"/run/netns/{name}");
        return SetNamespace(place, NetworkNamespace) == 0
            ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle place, int kind);
}
