using System.Diagnostics;
using System.Net;
using TwinGrid.ClusterTests;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.FaultTests.Arguments;
using TwinGrid.FaultTests.Mutants;
using TwinGrid.FaultTests.Proxy;

namespace TwinGrid.FaultTests.Processes;

/// <summary>
/// The grid under test: PostgreSQL, silos, and a proxy in front of each of their doors. Devices reach a silo's MQTT
/// listener, and a silo reaches PostgreSQL, through a proxy of its own.
/// </summary>
internal sealed class Grid : IAsyncDisposable
{
    private static readonly TimeSpan LooksEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(90);

    private readonly string _root;
    private readonly bool _keeps;
    private readonly List<GridSilo> _silos = [];
    private readonly List<FaultProxy> _gateways = [];
    private readonly List<FaultProxy> _databaseLinks = [];
    private readonly List<FaultProxy> _siloLinks = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _supervising = Task.CompletedTask;

    private Grid(FaultOptions options, GridDatabase database)
    {
        Database = database;
        _keeps = options.Keep is not null;
        _root = options.Keep is { } kept
            ? Directory.CreateDirectory(kept).FullName
            : Directory.CreateTempSubdirectory("twingrid-faults-").FullName;
        for (int i = 0; i < options.Silos + options.Gateways; i++)
        {
            Place(i, options);
        }
    }

    /// <summary>The database.</summary>
    public GridDatabase Database { get; }

    /// <summary>The silos, in all their lives.</summary>
    public IReadOnlyList<GridSilo> Silos => _silos;

    /// <summary>Between devices and each silo's MQTT listener.</summary>
    public IReadOnlyList<FaultProxy> Gateways => _gateways;

    /// <summary>Between each silo and PostgreSQL.</summary>
    public IReadOnlyList<FaultProxy> DatabaseLinks => _databaseLinks;

    /// <summary>Between each silo and those others that connect to it; they are the parties by their names.</summary>
    public IReadOnlyList<FaultProxy> SiloLinks => _siloLinks;

    /// <summary>The silos that answer the API.</summary>
    public IReadOnlyList<Uri> Apis => [.. _silos.Where(static s => !s.Place.IsGatewayOnly).Select(static s => s.Web)];

    /// <summary>A directory for what the run writes.</summary>
    public string Root => _root;

    private IEnumerable<FaultProxy> Links => [.. _gateways, .. _databaseLinks, .. _siloLinks];

    /// <summary>Starts PostgreSQL and the silos, and puts the witness in its place.</summary>
    public static async Task<Grid> StartAsync(FaultOptions options)
    {
        Grid grid = new(options, await GridDatabase.StartAsync());
        try
        {
            await grid._silos[0].StartAsync();
            await grid.ReadyAsync(grid._silos.Take(1), StartsWithin);
            await grid.Database.WitnessAsync();
            if (options.Mutant == Mutant.NoFencing)
            {
                await NoFencing.ApplyAsync(grid.Database);
            }

            foreach (GridSilo silo in grid._silos.Skip(1))
            {
                await silo.StartAsync();
            }

            await grid.ReadyAsync(grid._silos, StartsWithin);
            grid._supervising = grid.SuperviseAsync();
            return grid;
        }
        catch
        {
            await grid.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until silos can take traffic.</summary>
    public Task ReadyAsync(IEnumerable<GridSilo> silos, TimeSpan within) => Task.WhenAll(silos.Select(silo =>
        Eventually.SeeAsync($"{silo.Name} to be ready", silo.IsReadyAsync, static ready => ready, within)));

    /// <summary>Good weather on all links.</summary>
    public void Clear()
    {
        foreach (FaultProxy proxy in Links)
        {
            proxy.Clear();
        }
    }

    /// <summary>Silos are no longer started again when they end.</summary>
    public async Task StopSupervisingAsync()
    {
        await _stopping.CancelAsync();
        await _supervising;
    }

    /// <summary>Runs the silo program's <c>verify</c> on the database.</summary>
    public Task<ProgramEnd> VerifyAsync() => RunningProgram.RunAsync(
        "dotnet",
        [
            Repository.SiloProgram, "verify", "--TwinGrid:Storage:Provider=PostgreSql",
            $"--TwinGrid:Storage:ConnectionString={GridDatabase.ConnectionString(Database.Server.Port)}",
        ],
        _root, TimeSpan.FromMinutes(5));

    public async ValueTask DisposeAsync()
    {
        await StopSupervisingAsync();
        foreach (GridSilo silo in _silos)
        {
            await silo.DisposeAsync();
        }

        foreach (FaultProxy proxy in Links)
        {
            await proxy.DisposeAsync();
        }

        await Database.DisposeAsync();
        if (!_keeps)
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    private void Place(int index, FaultOptions options)
    {
        bool isGateway = index >= options.Silos;
        string name = isGateway ? $"gateway-{index - options.Silos + 1}" : $"silo-{index + 1}";
        int mqtt = FreePort.Next();
        int http = FreePort.Next();
        int clients = FreePort.Next();
        int listen = FreePort.Next();
        FaultProxy database = new(0, Database.Server.Port);
        FaultProxy silos = new(FreePort.Next(), listen, WhoIs);
        _databaseLinks.Add(database);
        _siloLinks.Add(silos);
        _gateways.Add(new FaultProxy(0, mqtt));
        string home = Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
        bool isCluster = options.Silos + options.Gateways > 1;
        string[] settings =
        [
            $"DataDirectory={Path.Combine(home, "data")}",
            $"DefinitionsDirectory={Path.Combine(AppContext.BaseDirectory, "definitions")}",
            "Storage:Provider=PostgreSql",
            $"Storage:ConnectionString={GridDatabase.ConnectionString(database.Port)}",
            $"Roles={(isGateway ? "Gateway" : "Gateway,Twins,Api")}", $"Mqtt:Port={mqtt}", $"Http:Port={http}",
            $"Cluster:Membership={(isCluster ? "PostgreSql" : "Localhost")}", $"Cluster:SiloName={name}",
            $"Cluster:SiloPort={silos.Port}", $"Cluster:SiloListenPort={listen}", $"Cluster:GatewayPort={clients}",
            "Ingest:LiveWindow=10m", "Limits:NewTwinsPerMinute=100000",
            $"Mqtt:Acknowledge={(options.Mutant == Mutant.AckBeforeCommit ? "Applied" : "Durable")}",
        ];
        _silos.Add(new GridSilo(new SiloPlace
        {
            Name = name,
            Home = home,
            Settings = settings,
            HttpPort = http,
            SiloPort = silos.Port,
            ClientPort = clients,
            IsGatewayOnly = isGateway,
        }));
    }

    private string WhoIs(IPEndPoint end) => SocketOwners.Find(
        end, [.. _silos.Where(static silo => silo.IsThere).Select(static silo => (silo.Name, silo.Id))]);

    private async Task SuperviseAsync()
    {
        using PeriodicTimer timer = new(LooksEvery);
        long looked = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (GridSilo silo in _silos)
                {
                    await silo.SuperviseAsync();
                }

                if (Stopwatch.GetElapsedTime(looked).TotalSeconds > 2)
                {
                    looked = Stopwatch.GetTimestamp();
                    await Task.WhenAll(_silos.Select(static silo => silo.LookAsync()));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
