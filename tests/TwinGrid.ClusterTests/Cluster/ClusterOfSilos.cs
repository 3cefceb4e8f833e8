using TwinGrid.ClusterTests.PostgreSql;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.ClusterTests.Cluster;

/// <summary>
/// Silo processes that form a cluster on one database of their own, each with a name and ports that it keeps over its
/// restarts. A test kills, stops, pauses and continues them by process id.
/// </summary>
internal sealed class ClusterOfSilos : IAsyncDisposable
{
    private const string Active = "SELECT count(*) FROM orleansmembershiptable WHERE status = 3";

    private readonly SiloHome _home;
    private readonly string[] _settings;
    private readonly List<Member> _members = [];

    private ClusterOfSilos(GridDatabase database, SiloHome home, string[] settings)
    {
        Database = database;
        _home = home;
        _settings = settings;
    }

    /// <summary>Where the twins are, and with <c>Cluster:Membership=PostgreSql</c> who is in the cluster.</summary>
    public GridDatabase Database { get; }

    /// <summary>The directories that all silos share.</summary>
    public SiloHome Home => _home;

    /// <summary>The program of the silos that start from now on; default that of this version.</summary>
    public string Program { get; set; } = Repository.SiloProgram;

    /// <summary>The silos that were not killed or stopped, in the order in which they came.</summary>
    public IReadOnlyList<SiloProcess> Silos => [.. _members.Where(static m => m.Silo is not null).Select(m => m.Silo!)];

    /// <summary>A silo by its place, from 0, also while others are down.</summary>
    public SiloProcess this[int index] =>
        _members[index].Silo ?? throw new InvalidOperationException($"silo {index} does not run");

    /// <summary>
    /// Starts silos <c>a</c>, <c>b</c>, <c>c</c> … with every role at once; ends when all are active and ready. Skips
    /// the test where PostgreSQL is missing.
    /// </summary>
    /// <param name="silos">How many.</param>
    /// <param name="settings">Settings of all of them, without the section.</param>
    public static async Task<ClusterOfSilos> StartAsync(int silos, params string[] settings)
    {
        ClusterOfSilos cluster = await EmptyAsync(settings);
        try
        {
            await cluster.AddAsync([.. Enumerable.Range(0, silos).Select(i => ($"{(char)('a' + i)}", (string[])[]))]);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A cluster without a silo yet.</summary>
    /// <param name="settings">Settings of all of its silos, without the section.</param>
    public static async Task<ClusterOfSilos> EmptyAsync(params string[] settings) =>
        EmptyOn(await PostgreSqlServer.SharedAsync(), settings);

    /// <summary>The same on a server of the test's own, which it may break.</summary>
    public static ClusterOfSilos EmptyOn(PostgreSqlServer server, params string[] settings) => new(
        new GridDatabase(server), new SiloHome("pump", "engine"), settings);

    /// <summary>Starts one more silo.</summary>
    /// <param name="name">Its <c>Cluster:SiloName</c>.</param>
    /// <param name="settings">Settings of its own, such as <c>Roles=Twins</c>; they win over those of all.</param>
    public async Task<SiloProcess> AddAsync(string name, params string[] settings)
    {
        await AddAsync([(name, settings)]);
        return _members[^1].Silo!;
    }

    /// <summary>Starts several at once; ends when the whole cluster is active and each of them is ready.</summary>
    public async Task AddAsync(IReadOnlyList<(string Name, string[] Settings)> silos)
    {
        foreach ((string name, string[] settings) in silos)
        {
            _members.Add(new Member(
            [
                "Cluster:Membership=PostgreSql", .. Database.Settings, $"Cluster:SiloName={name}",
                $"Cluster:SiloPort={FreePort.Next()}", $"Cluster:GatewayPort={FreePort.Next()}", .. _settings,
                .. settings,
            ]));
        }

        await Task.WhenAll(_members[^silos.Count..].Select(StartAsync));
        await FormedAsync();
    }

    /// <summary>Starts a silo again that was killed or stopped, with the same name and ports.</summary>
    public async Task<SiloProcess> RestartAsync(int index)
    {
        await StartAsync(_members[index]);
        return this[index];
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync(int index)
    {
        SiloProcess silo = this[index];
        _members[index].Silo = null;
        await silo.KillAsync();
    }

    /// <summary>SIGTERM, which must end well.</summary>
    /// <returns>How long it took.</returns>
    public async Task<TimeSpan> StopAsync(int index)
    {
        SiloProcess silo = this[index];
        _members[index].Silo = null;
        (ProgramEnd end, TimeSpan took) = await silo.StopAsync();
        await silo.DisposeAsync();
        end.Succeeded();
        return took;
    }

    /// <summary>A silo that ended by itself is gone; it can be started again.</summary>
    public async Task ForgetAsync(int index)
    {
        SiloProcess silo = this[index];
        _members[index].Silo = null;
        await silo.DisposeAsync();
    }

    /// <summary>SIGSTOP: the process stands still, its sockets stay open.</summary>
    public Task PauseAsync(int index) => this[index].Program.SignalAsync("STOP");

    /// <summary>SIGCONT.</summary>
    public Task ContinueAsync(int index) => this[index].Program.SignalAsync("CONT");

    /// <summary>Waits until the list of silos says that exactly those that run are active.</summary>
    public async Task FormedAsync()
    {
        if (!_members.Exists(static m => m.Settings.Contains("Cluster:Membership=Sqlite")))
        {
            await Eventually.SeeAsync(
                $"{Silos.Count} active silos", () => Database.ReadAsync(Active), n => n is long c && c == Silos.Count);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Silos.Select(static silo => silo.DisposeAsync().AsTask()));
        _home.Dispose();
    }

    private async Task StartAsync(Member member) =>
        member.Silo = await SiloProcess.StartAsync(_home, [], member.Settings, Program);

    private sealed class Member(string[] settings)
    {
        public string[] Settings => settings;

        public SiloProcess? Silo { get; set; }
    }
}
