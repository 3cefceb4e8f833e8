using System.Net.Sockets;
using TwinGrid.LoadTest.Mqtt;
using TwinGrid.LoadTest.Servers;

namespace TwinGrid.LoadTest.Scenarios;

/// <summary>Clients that make a server keep memory and give nothing for it.</summary>
internal static class HostileClients
{
    /// <summary>The fixed header of a CONNECT of 256 MiB, and nothing behind it.</summary>
    public const string ConnectHeader = "connect-header";

    /// <summary>Half of a good CONNECT.</summary>
    public const string HalfConnect = "half-connect";

    /// <summary>A good CONNECT, then half of a PUBLISH of 256 KiB, the greatest packet that a grid takes.</summary>
    public const string HalfPublish = "half-publish";

    /// <summary>A subscriber to everything that never reads.</summary>
    public const string NeverReads = "never-reads";

    private const int PublishLength = 256 * 1024 - 4;

    // A receiver that wants little: what it does not read stays with the server, not in the kernel.
    private const int SmallWindow = 4 * 1024;

    // A server may stop reading, or not answer: what it does not take in this time, it does not get.
    private static readonly TimeSpan TakesWithin = TimeSpan.FromSeconds(2);

    /// <summary>Their names on the command line.</summary>
    public static string[] Names { get; } = [ConnectHeader, HalfConnect, HalfPublish, NeverReads];

    /// <summary>Opens a connection and does what it does.</summary>
    public static async Task ComeAsync(string kind, RestingClient client, ConnectSettings settings, Uri target)
    {
        if (kind == NeverReads)
        {
            client.Socket.ReceiveBufferSize = SmallWindow;
        }

        using var patience = new CancellationTokenSource(TakesWithin);
        try
        {
            await client.OpenAsync(target, patience.Token);
            await MisbehaveAsync(kind, client, settings, patience.Token);
        }
        catch (Exception refused) when (refused is OperationCanceledException or SocketException or IOException)
        {
            // The server defends itself: what it took is what is measured.
        }
    }

    private static async Task MisbehaveAsync(
        string kind, RestingClient client, ConnectSettings settings, CancellationToken cancellationToken)
    {
        switch (kind)
        {
            case ConnectHeader:
                await client.SendAsync(new byte[] { 0x10, 0xFF, 0xFF, 0xFF, 0x7F }, cancellationToken);
                break;
            case HalfConnect:
                PacketBuffer connect = new();
                connect.Connect(settings);
                await client.SendAsync(connect.Pending[..(connect.Pending.Length / 2)], cancellationToken);
                break;
            case HalfPublish:
                await client.ConnectAsync(settings, cancellationToken);
                await client.SendAsync(HalfOfPublish(), cancellationToken);
                break;
            case NeverReads:
                await client.ConnectAsync(settings, cancellationToken);
                await client.SubscribeAsync("twins/#", cancellationToken);
                break;
        }
    }

    private static byte[] HalfOfPublish()
    {
        byte[] half = new byte[PublishLength / 2];
        byte[] topic = [.. $"twins/{LoadKind.Name}/hostile/telemetry".Select(static c => (byte)c)];
        half[0] = 0x30;
        int header = 1 + PacketBuffer.WriteLength(half.AsSpan(1), PublishLength);
        half[header + 1] = (byte)topic.Length;
        topic.CopyTo(half, header + 2);
        return half;
    }
}
