using System.Net;
using TwinGrid.FaultTests.Faults;
using TwinGrid.FaultTests.Processes;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.FaultTests.Network;

/// <summary>
/// Hosts of their own for every process of the grid, for PostgreSQL and for the devices. What is disturbed is packets,
/// on their way through a router: TCP, and all that builds on it, notices by itself or not at all.
/// </summary>
internal sealed class NamespaceNetwork : GridNetwork
{
    private const int DatabaseNumber = 251;
    private const int DevicesNumber = 252;
    private const int MqttPort = 1883;
    private const int HttpPort = 8080;
    private const int SiloPort = 11_111;
    private const int ClientPort = 30_000;

    private readonly HostNamespaces _hosts;
    private readonly RouterRules _rules = new();
    private readonly List<string> _names = [];

    private NamespaceNetwork(HostNamespaces hosts)
    {
        _hosts = hosts;
        Database = new PostgreSqlPlace(IPAddress.Parse(hosts.Address(DatabaseNumber)), Under("database"));
    }

    public override PostgreSqlPlace Database { get; }

    /// <summary>Makes the hosts that every run has.</summary>
    /// <exception cref="NoResultException">It may not, or cannot; the message says why.</exception>
    public static async Task<NamespaceNetwork> MakeAsync()
    {
        HostNamespaces hosts = await HostNamespaces.MakeAsync();
        try
        {
            await hosts.AddAsync("database", DatabaseNumber);
            await hosts.AddAsync("devices", DevicesNumber);
            return new NamespaceNetwork(hosts);
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    public override async Task<NetworkPlace> AddAsync(string name, int databasePort, Func<int> processId)
    {
        _names.Add(name);
        await _hosts.AddAsync(name, _names.Count);
        IPAddress address = IPAddress.Parse(_hosts.Address(_names.Count));
        return new NetworkPlace
        {
            Web = new Uri($"http://{address}:{HttpPort}"),
            Gateway = new GatewayDoor(
                new IPEndPoint(address, MqttPort), static () => HostSocket.Open(HostNamespaces.Namespace("devices"))),
            Silo = new IPEndPoint(address, SiloPort),
            Clients = new IPEndPoint(address, ClientPort),
            Settings =
            [
                $"Storage:ConnectionString={GridDatabase.ConnectionString(Database.Address, databasePort)}",
                $"Mqtt:Address={address}", $"Mqtt:Port={MqttPort}", $"Http:Address={address}", $"Http:Port={HttpPort}",
                $"Cluster:AdvertisedAddress={address}", $"Cluster:SiloPort={SiloPort}",
                $"Cluster:GatewayPort={ClientPort}", "Security:AllowPlaintext=true", "Ingest:NewTwins=Any",
            ],
            Under = Under(name),
        };
    }

    public override async Task<bool> DisturbAsync(Fault fault)
    {
        string[] far = [.. Far(fault)];
        bool hit = await ConnectionsAsync(fault.Victim, far) > 0;
        switch (fault.Kind)
        {
            case FaultKind.Delay:
                // Half of them hardly let through what a silo sends when all is well.
                await _rules.SlowAsync(
                    _names[fault.Victim], 200 + fault.Variant, TimeSpan.FromMilliseconds(50 + (fault.Variant % 450)));
                break;
            case FaultKind.Cut:
                await _rules.RefuseAsync(Ways(fault, far));
                break;
            default:
                await _rules.LoseAsync(Ways(fault, far));
                break;
        }

        return hit;
    }

    public override Task HealAsync() => _rules.ClearAsync();

    public override ValueTask DisposeAsync() => _hosts.DisposeAsync();

    private static string[] Under(string host) => ["ip", "netns", "exec", HostNamespaces.Namespace(host)];

    // Whom the victim is parted from. A silo that sees no other silo, but PostgreSQL and devices, is the harder case:
    // it goes on as if nothing were.
    private IEnumerable<string> Far(Fault fault)
    {
        IEnumerable<string> others = Enumerable.Range(0, _names.Count)
            .Where(place => place != fault.Victim).Select(place => _hosts.Address(place + 1));
        string next = _hosts.Address(((fault.Victim + 1) % _names.Count) + 1);
        string database = _hosts.Address(DatabaseNumber);
        string devices = _hosts.Address(DevicesNumber);
        return fault switch
        {
            { Kind: FaultKind.PartitionPair } => [next],
            { Kind: FaultKind.PartitionFull or FaultKind.PartitionOneWay } =>
                fault.Variant % 2 == 0 ? [.. others, database, devices] : others,
            { Kind: FaultKind.Delay } => [.. others, database, devices],
            { Link: Link.Database } => [database],
            { Link: Link.Devices } => [devices],
            _ => fault.Variant % 3 == 1 ? [next] : others,
        };
    }

    // Both directions, or one of them: what the victim sends, or what it is sent.
    private IEnumerable<(string From, string To)> Ways(Fault fault, IEnumerable<string> far)
    {
        string victim = _hosts.Address(fault.Victim + 1);
        int way = fault.Kind switch
        {
            FaultKind.Cut or FaultKind.PartitionFull => 2,
            FaultKind.PartitionOneWay => fault.Variant / 2 % 2,
            FaultKind.PartitionPair => (fault.Variant % 4) switch { 0 => 0, 1 => 1, _ => 2 },
            _ => fault.Variant / 3 % 3,
        };
        return far.SelectMany(other => way switch
        {
            0 => [(victim, other)],
            1 => [(other, victim)],
            _ => ((string, string)[])[(victim, other), (other, victim)],
        });
    }

    private async Task<int> ConnectionsAsync(int victim, string[] far)
    {
        string open = await IpCommands.ShellAsync(
            $"ip netns exec {HostNamespaces.Namespace(_names[victim])} ss -Htn state established");
        return open.Split('\n').Count(line => far.Any(other => line.Contains($"{other}:", StringComparison.Ordinal)
            || line.Contains($"{other}]:", StringComparison.Ordinal)));
    }
}
