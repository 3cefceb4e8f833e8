using System.Net;
using Orleans.Messaging;
using Orleans.Runtime;

namespace TwinGrid.Client;

/// <summary>The silos' client ports, whose names are looked up again and again: silos move. Thread-safe.</summary>
internal sealed class NamedGateways(IReadOnlyList<DnsEndPoint> gateways) : IGatewayListProvider
{
    public TimeSpan MaxStaleness => TimeSpan.FromSeconds(30);

    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    /// <summary>Every address of every name.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">A name is not known now.</exception>
    public async Task<IList<Uri>> GetGateways()
    {
        List<Uri> found = [];
        foreach (DnsEndPoint gateway in gateways)
        {
            foreach (IPAddress address in await Dns.GetHostAddressesAsync(gateway.Host))
            {
                found.Add(SiloAddress.New(address, gateway.Port, generation: 0).ToGatewayUri());
            }
        }

        return found;
    }
}
