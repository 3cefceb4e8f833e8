using System.Globalization;

namespace TwinGrid.FaultTests.Network;

/// <summary>
/// Network namespaces as hosts, each with an address of its own and one link to a router, which is a namespace too; the
/// machine's own namespace is joined as one more host. They are gone when this process ends, by itself or by Ctrl-C;
/// where it is killed, when the next run begins.
/// </summary>
internal sealed class HostNamespaces : IAsyncDisposable
{
    /// <summary>The router's name among the hosts.</summary>
    public const string Router = "router";

    private const int RouterNumber = 254;
    private const int OwnNumber = 253;

    // 198.18.0.0/15 is set aside for tests of networks (RFC 2544, RFC 6890): nothing that is reached is there.
    private const int Subnets = 512;

    private readonly List<string> _hosts = [];
    private readonly string _subnet;
    private readonly EventHandler _atExit;

    private HostNamespaces(string subnet)
    {
        _subnet = subnet;
        _atExit = (_, _) => IpCommands.RemoveNow(_hosts.Select(RunMark.Own.Name));
        AppDomain.CurrentDomain.ProcessExit += _atExit;
    }

    /// <summary>Makes the router and joins this process' own namespace to it.</summary>
    /// <exception cref="NoResultException">It may not, or cannot; the message says why.</exception>
    public static async Task<HostNamespaces> MakeAsync()
    {
        IpCommands.Require();
        await RemoveLeftoversAsync();
        HostNamespaces made = new(await FreeSubnetAsync());
        try
        {
            await made.MakeRouterAsync();
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    /// <summary>A host's address.</summary>
    /// <param name="number">Its number, 1 to 252.</param>
    public string Address(int number) => string.Create(CultureInfo.InvariantCulture, $"{_subnet}.{number}");

    /// <summary>The name of a host's namespace.</summary>
    public static string Namespace(string host) => RunMark.Own.Name(host);

    /// <summary>Makes a host.</summary>
    /// <param name="host">Its name; the router's end of its link is called so too.</param>
    /// <param name="number">Its number, 1 to 252.</param>
    public async Task AddAsync(string host, int number)
    {
        string name = Namespace(host);
        string router = Namespace(Router);
        _hosts.Add(host);
        await IpCommands.IpAsync(
            $"netns add {name}", $"-n {name} link set lo up",
            $"link add {host} netns {router} type veth peer name eth0 netns {name}",
            $"-n {name} address add {Address(number)}/32 dev eth0", $"-n {name} link set eth0 up",
            $"-n {name} route add default via {Address(RouterNumber)} dev eth0 onlink",
            $"-n {router} link set {host} up", $"-n {router} route add {Address(number)}/32 dev {host}");
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= _atExit;
        foreach (string host in _hosts)
        {
            await IpCommands.IpAsync($"netns delete {Namespace(host)}");
        }

        _hosts.Clear();
    }

    // Reverse path filtering would take a way that is closed in one direction for one that is closed in both.
    private async Task MakeRouterAsync()
    {
        string router = Namespace(Router);
        string link = string.Create(CultureInfo.InvariantCulture, $"tgf{Environment.ProcessId}");
        await IpCommands.IpAsync($"netns add {router}");
        _hosts.Add(Router);
        await IpCommands.ShellAsync(
            $"ip netns exec {router} sh -c 'cd /proc/sys/net/ipv4 && echo 1 > ip_forward "
            + "&& echo 0 > conf/all/rp_filter && echo 0 > conf/default/rp_filter'");
        await IpCommands.IpAsync(
            $"-n {router} link set lo up", $"-n {router} address add {Address(RouterNumber)}/32 dev lo",
            $"link add people netns {router} type veth peer name {link}",
            $"address add {Address(OwnNumber)}/32 dev {link}", $"link set {link} up",
            $"route add {_subnet}.0/24 via {Address(RouterNumber)} dev {link} onlink src {Address(OwnNumber)}",
            $"-n {router} link set people up", $"-n {router} route add {Address(OwnNumber)}/32 dev people");
    }

    private static async Task<string> FreeSubnetAsync()
    {
        string taken = await IpCommands.ShellAsync("ip -4 route show", "ip -4 address show");
        return Enumerable.Range(0, Subnets)
            .Select(static i => (i + Environment.ProcessId) % Subnets)
            .Select(static i => string.Create(CultureInfo.InvariantCulture, $"198.{18 + (i / 256)}.{i % 256}"))
            .FirstOrDefault(subnet => !taken.Contains($" {subnet}.", StringComparison.Ordinal)
                && !taken.StartsWith($"{subnet}.", StringComparison.Ordinal)
                && !taken.Contains($"\n{subnet}.", StringComparison.Ordinal))
            ?? throw new NoResultException("every network of 198.18.0.0/15 is in use on this machine");
    }

    // A harness that was killed leaves its namespaces and what runs in them; its silos would go on for ever.
    private static async Task RemoveLeftoversAsync()
    {
        string list = await IpCommands.ShellAsync("ip netns list");
        foreach (string line in list.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = line.Split(' ')[0];
            if (RunMark.Read(name) is { IsAlive: false })
            {
                await IpCommands.ShellAsync($"ip netns pids {name} | xargs -r kill -9", $"ip netns delete {name}");
            }
        }
    }
}
