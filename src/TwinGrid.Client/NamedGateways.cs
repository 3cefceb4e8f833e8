using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using Orleans.Messaging;
using Orleans.Runtime;

namespace TwinGrid.Client;

/// <summary>
/// The silos' client ports: those that are named, looked up again and again because silos move, and those that the
/// cluster told of, so that a client outlives every silo that it was told of at first. Thread-safe.
/// </summary>
internal sealed class NamedGateways(IReadOnlyList<DnsEndPoint> gateways) : IGatewayListProvider
{
    private volatile IReadOnlyList<IPEndPoint> _learned = [];

    public TimeSpan MaxStaleness => TimeSpan.FromSeconds(5);

    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    /// <summary>What the cluster says of itself now; it takes the place of what it said before.</summary>
    public void Learn(IReadOnlyList<IPEndPoint> found) => _learned = found;

    /// <summary>Every address of every name, then what was learnt.</summary>
    /// <exception cref="SocketException">No name is known now, and nothing was learnt.</exception>
    public async Task<IList<Uri>> GetGateways()
    {
        HashSet<Uri> found = [];
        SocketException? unknown = null;
        foreach (DnsEndPoint gateway in gateways)
        {
            try
            {
                foreach (IPAddress address in await Dns.GetHostAddressesAsync(gateway.Host))
                {
                    found.Add(ToUri(new IPEndPoint(address, gateway.Port)));
                }
            }
            catch (SocketException e)
            {
                // One of several: the others, or what was learnt, will do.
                unknown = e;
            }
        }

        found.UnionWith(_learned.Select(ToUri));
        if (found.Count == 0 && unknown is not null)
        {
            ExceptionDispatchInfo.Throw(unknown);
        }

        return [.. found];
    }

    private static Uri ToUri(IPEndPoint address) => SiloAddress.New(address, 0).ToGatewayUri();
}
