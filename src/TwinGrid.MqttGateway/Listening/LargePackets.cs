using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Net;

namespace TwinGrid.MqttGateway.Listening;

/// <summary>
/// Memory for packets that are larger than a socket's buffer and have not come whole yet: one budget for all
/// connections, so that many clients that begin large packets and never end them cannot fill the process. One address
/// has at most half of it, and while somebody waits for room nobody has it for long: whoever takes longest is to go.
/// Thread-safe.
/// </summary>
internal sealed class LargePackets(TimeProvider clock)
{
    /// <summary>Bytes for all of them: room for 32 of the largest packets at the default limit.</summary>
    public const int Budget = 8 << 20;

    /// <summary>Bytes for those of one address; devices behind one may be many.</summary>
    public const int PerAddress = Budget / 2;

    /// <summary>How long a packet may take to come whole while others wait for its memory.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly Counter<long> Waits = TwinGridDiagnostics.Meter.CreateCounter<long>(
        "twingrid.mqtt.packets.large.waits", "{wait}", "large packets that waited for memory to be read into");

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Share> _shares = [];
    private readonly LinkedList<LargePacket> _coming = [];
    private TaskCompletionSource _returned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = Budget;
    private int _waiting;

    /// <summary>
    /// Takes memory for a packet; false where too much is taken. One alone is always let in, of all and of an address.
    /// </summary>
    /// <param name="address">Where it comes from.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="cut">Ends its connection; called without a lock, perhaps when it has just come whole.</param>
    /// <param name="packet">What is to be returned.</param>
    public bool TryTake(IPAddress address, int bytes, Action cut, [NotNullWhen(true)] out LargePacket? packet)
    {
        lock (_lock)
        {
            Share share = ShareOf(address);
            if (!HasRoom(bytes) || !share.HasRoom(bytes))
            {
                Waits.Add(1);
                packet = null;
                return false;
            }

            packet = new LargePacket(address, bytes, clock.GetTimestamp(), cut);
            _left -= bytes;
            share.Taken += bytes;
            _shares[address] = share;
            _coming.AddLast(packet.Place);
            return true;
        }
    }

    /// <summary>A packet has come whole: what it still waits for is not its client's fault.</summary>
    public void HasCome(LargePacket packet)
    {
        lock (_lock)
        {
            packet.Place.List?.Remove(packet.Place);
        }
    }

    /// <summary>Gives memory back, once.</summary>
    public void Return(LargePacket packet)
    {
        TaskCompletionSource returned;
        lock (_lock)
        {
            packet.Place.List?.Remove(packet.Place);
            _left += packet.Bytes;
            Share share = ShareOf(packet.Address);
            share.Taken -= packet.Bytes;
            Forget(packet.Address, share);
            returned = _returned;
            _returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        returned.TrySetResult();
    }

    /// <summary>Waits until some was given back, or for so long.</summary>
    public async Task WaitAsync(IPAddress address, int bytes, TimeSpan patience)
    {
        Task returned;
        bool isForShare;
        lock (_lock)
        {
            // Whoever waits for their own address' share hurries nobody else.
            Share share = ShareOf(address);
            isForShare = !share.HasRoom(bytes);
            if (!isForShare && HasRoom(bytes))
            {
                return;
            }

            Count(address, isForShare, 1);
            returned = _returned.Task;
        }

        await returned.WaitAsync(patience, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            Count(address, isForShare, -1);
        }
    }

    /// <summary>
    /// The packet that has been coming for longest, where that is too long and somebody waits for its memory; else
    /// null.
    /// </summary>
    public LargePacket? FindSlowest()
    {
        lock (_lock)
        {
            foreach (LargePacket packet in _coming)
            {
                if (clock.GetElapsedTime(packet.Since) <= Patience)
                {
                    return null;
                }

                if (_waiting > 0 || ShareOf(packet.Address).Waiting > 0)
                {
                    return packet;
                }
            }

            return null;
        }
    }

    private bool HasRoom(int bytes) => bytes <= _left || _left == Budget;

    private Share ShareOf(IPAddress address) => _shares.GetValueOrDefault(address);

    private void Count(IPAddress address, bool isForShare, int by)
    {
        if (!isForShare)
        {
            _waiting += by;
            return;
        }

        Share share = ShareOf(address);
        share.Waiting += by;
        Forget(address, share);
    }

    private void Forget(IPAddress address, Share share)
    {
        if (share == default)
        {
            _shares.Remove(address);
        }
        else
        {
            _shares[address] = share;
        }
    }

    /// <summary>What one address has, and how many of its packets wait for more than its part.</summary>
    private record struct Share(int Taken, int Waiting)
    {
        public readonly bool HasRoom(int bytes) => Taken == 0 || Taken + (long)bytes <= PerAddress;
    }
}
