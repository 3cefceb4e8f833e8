namespace TwinGrid.FaultTests.Network;

/// <summary>What the router does with packets from one host to another; each direction is a rule of its own.</summary>
internal sealed class RouterRules
{
    private readonly string _router = HostNamespaces.Namespace(HostNamespaces.Router);
    private readonly List<string> _rules = [];
    private readonly List<string> _slow = [];

    /// <summary>Packets vanish, and nobody is told.</summary>
    /// <param name="ways">From which address to which.</param>
    public Task LoseAsync(IEnumerable<(string From, string To)> ways) => AddAsync(ways, "blackhole");

    /// <summary>The router answers that there is no way (ICMP), so that whoever connects learns it at once.</summary>
    /// <param name="ways">From which address to which.</param>
    public Task RefuseAsync(IEnumerable<(string From, string To)> ways) => AddAsync(ways, "unreachable");

    /// <summary>A host's link carries little: packets wait in a queue, and those that find it full are lost.</summary>
    /// <param name="host">The host.</param>
    /// <param name="kilobits">What it carries in a second, each way.</param>
    /// <param name="queue">How long a packet waits at most.</param>
    public async Task SlowAsync(string host, int kilobits, TimeSpan queue)
    {
        string[] ends = [$"-n {_router} qdisc", $"-n {HostNamespaces.Namespace(host)} qdisc"];
        string[] links = [$"dev {host} root", "dev eth0 root"];
        string shape = $"tbf rate {kilobits}kbit burst 8kb latency {queue.TotalMilliseconds:0}ms";
        _slow.AddRange(ends.Zip(links, static (end, link) => $"tc {end} delete {link}"));
        await IpCommands.ShellAsync(ends.Zip(links, (end, link) => $"tc {end} add {link} {shape}"));
    }

    /// <summary>All comes through again.</summary>
    public async Task ClearAsync()
    {
        if (_rules.Count + _slow.Count > 0)
        {
            string[] lines = [.. _rules.Select(rule => $"ip -n {_router} rule delete {rule}"), .. _slow];
            _rules.Clear();
            _slow.Clear();
            await IpCommands.ShellAsync(lines);
        }
    }

    private async Task AddAsync(IEnumerable<(string From, string To)> ways, string what)
    {
        string[] rules = [.. ways.Select(way => $"from {way.From} to {way.To} {what}")];
        _rules.AddRange(rules);
        await IpCommands.IpAsync(rules.Select(rule => $"-n {_router} rule add {rule}"));
    }
}
