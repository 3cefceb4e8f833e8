using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace TwinGrid.LoadTest.Mqtt;

/// <summary>
/// Waits for many sockets at once (Linux, epoll(7), level-triggered). Not thread-safe.
/// </summary>
/// <remarks>
/// Instead of .NET's asynchronous sockets, whose every completion goes through a thread of their own to the pool: where
/// messages come one by one, that costs more than the message.
/// </remarks>
internal sealed partial class SocketPoll : IDisposable
{
    private const int Add = 1;
    private const int Modify = 3;
    private const uint Readable = 0x001;
    private const uint Writable = 0x004;
    private const uint Broken = 0x008 | 0x010;
    private const int Interrupted = 4;
    private const int AtOnce = 512;

    // struct epoll_event is packed on x86-64, and only there.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventLength = DataOffset + 8;

    private readonly int _epoll;
    private readonly byte[] _events = new byte[AtOnce * EventLength];

    /// <summary>Makes an empty one.</summary>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public SocketPoll()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("The load test needs Linux: it waits by epoll and reads /proc");
        }

        _epoll = CheckedCall(epoll_create1(0));
    }

    /// <summary>Waits for a socket from now on, to be read.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="number">What stands for it in the answers.</param>
    public void Watch(Socket socket, int number) => Control(Add, socket, number, Readable);

    /// <summary>Says whether a socket is to be written as well.</summary>
    public void WatchWritable(Socket socket, int number, bool writable) =>
        Control(Modify, socket, number, writable ? Readable | Writable : Readable);

    /// <summary>Waits until a socket is ready, or for some milliseconds.</summary>
    /// <returns>How many are.</returns>
    public int Wait(int milliseconds)
    {
        int count = epoll_wait(_epoll, _events, AtOnce, milliseconds);
        return count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0 : CheckedCall(count);
    }

    /// <summary>What is ready: its number, and whether it can be read (or is broken) or written.</summary>
    public (int Number, bool CanRead, bool CanWrite) Ready(int index)
    {
        ReadOnlySpan<byte> ready = _events.AsSpan(index * EventLength, EventLength);
        uint events = MemoryMarshal.Read<uint>(ready);
        int number = MemoryMarshal.Read<int>(ready[DataOffset..]);
        return (number, (events & (Readable | Broken)) != 0, (events & Writable) != 0);
    }

    public void Dispose() => _ = close(_epoll);

    private void Control(int operation, Socket socket, int number, uint events)
    {
        Span<byte> request = stackalloc byte[EventLength];
        request.Clear();
        MemoryMarshal.Write(request, events);
        MemoryMarshal.Write(request[DataOffset..], number);
        CheckedCall(epoll_ctl(_epoll, operation, (int)socket.Handle, request));
    }

    private static int CheckedCall(int result) =>
        result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, Span<byte> request);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int epoll, [Out] byte[] events, int most, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
