using System.Net;
using System.Net.Sockets;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.FaultTests.Faults;
using TwinGrid.FaultTests.Processes;
using TwinGrid.FaultTests.Proxy;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.FaultTests.Network;

/// <summary>
/// Loopback, with a proxy in front of each door: devices reach a process' MQTT listener, it reaches PostgreSQL, and
/// others reach it, through proxies of its own.
/// </summary>
internal sealed class ProxyNetwork : GridNetwork
{
    private readonly List<(string Name, Func<int> ProcessId)> _processes = [];
    private readonly List<FaultProxy> _gateways = [];
    private readonly List<FaultProxy> _databaseLinks = [];
    private readonly List<FaultProxy> _siloLinks = [];

    public override PostgreSqlPlace Database => PostgreSqlPlace.Loopback;

    private IEnumerable<FaultProxy> Links => [.. _gateways, .. _databaseLinks, .. _siloLinks];

    public override Task<NetworkPlace> AddAsync(string name, int databasePort, Func<int> processId)
    {
        int mqtt = FreePort.Next();
        int http = FreePort.Next();
        int clients = FreePort.Next();
        int listen = FreePort.Next();
        FaultProxy database = new(0, databasePort);
        FaultProxy silos = new(FreePort.Next(), listen, WhoIs);
        FaultProxy gateway = new(0, mqtt);
        _processes.Add((name, processId));
        _databaseLinks.Add(database);
        _siloLinks.Add(silos);
        _gateways.Add(gateway);
        return Task.FromResult(new NetworkPlace
        {
            Web = new Uri($"http://127.0.0.1:{http}"),
            Gateway = new GatewayDoor(Loopback(gateway.Port), OpenSocket),
            Silo = Loopback(silos.Port),
            Clients = Loopback(clients),
            Settings =
            [
                $"Storage:ConnectionString={GridDatabase.ConnectionString(IPAddress.Loopback, database.Port)}",
                $"Mqtt:Port={mqtt}", $"Http:Port={http}", $"Cluster:SiloPort={silos.Port}",
                $"Cluster:SiloListenPort={listen}", $"Cluster:GatewayPort={clients}",
            ],
            Under = [],
        });
    }

    public override Task<bool> DisturbAsync(Fault fault)
    {
        Weather[] weathers = [.. Disturbed(fault)];
        int before = weathers.Sum(static weather => weather.Connections);
        foreach (Weather weather in weathers)
        {
            Disturb(weather, fault);
        }

        return Task.FromResult(before > 0);
    }

    public override Task HealAsync()
    {
        foreach (FaultProxy proxy in Links)
        {
            proxy.Clear();
        }

        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (FaultProxy proxy in Links)
        {
            await proxy.DisposeAsync();
        }
    }

    private static void Disturb(Weather weather, Fault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.Cut:
                weather.Cut();
                break;
            case FaultKind.Delay when fault.Link == Link.Devices:
                weather.Slow(TimeSpan.FromMilliseconds(50 + (2 * fault.Variant)));
                break;
            case FaultKind.Delay:
                weather.Slow(TimeSpan.FromMilliseconds(20 + (fault.Variant % 180)));
                break;
            default:
                int way = fault.Variant / 3 % 3;
                weather.Hold(forward: way != 0, back: way != 1);
                break;
        }
    }

    // Of silos, one in three parts two and both still see the others; one in three goes in one direction only.
    private IEnumerable<Weather> Disturbed(Fault fault)
    {
        if (fault.Link != Link.Silos)
        {
            List<FaultProxy> proxies = fault.Link == Link.Database ? _databaseLinks : _gateways;
            return [proxies[fault.Victim].For(FaultProxy.Everybody)];
        }

        FaultProxy own = _siloLinks[fault.Victim];
        string name = _processes[fault.Victim].Name;
        int other = (fault.Victim + 1) % _processes.Count;
        return (fault.Variant % 3) switch
        {
            0 => [own.For(FaultProxy.Everybody), .. _siloLinks.Where(p => p != own).Select(p => p.For(name))],
            1 => [own.For(_processes[other].Name), _siloLinks[other].For(name)],
            _ => [own.For(FaultProxy.Everybody)],
        };
    }

    private static IPEndPoint Loopback(int port) => new(IPAddress.Loopback, port);

    private static Socket OpenSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private string WhoIs(IPEndPoint end) => SocketOwners.Find(
        end, _processes.Select(static process => (process.Name, process.ProcessId())).Where(static p => p.Item2 != 0));
}
