using System.Diagnostics;
using TwinGrid.ClusterTests;
using TwinGrid.ClusterTests.Processes;
using TwinGrid.FaultTests.Arguments;
using TwinGrid.FaultTests.Mutants;
using TwinGrid.FaultTests.Network;

namespace TwinGrid.FaultTests.Processes;

/// <summary>
/// The grid under test: PostgreSQL, silos, and the network between them and their devices.
/// </summary>
internal sealed class Grid : IAsyncDisposable
{
    private static readonly TimeSpan LooksEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(90);

    private readonly string _root;
    private readonly bool _keeps;
    private readonly List<GridSilo> _silos = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _supervising = Task.CompletedTask;

    private Grid(FaultOptions options, GridNetwork network, GridDatabase database)
    {
        Network = network;
        Database = database;
        _keeps = options.Keep is not null;
        _root = options.Keep is { } kept
            ? Directory.CreateDirectory(kept).FullName
            : Directory.CreateTempSubdirectory("twingrid-faults-").FullName;
    }

    /// <summary>The network.</summary>
    public GridNetwork Network { get; }

    /// <summary>The database.</summary>
    public GridDatabase Database { get; }

    /// <summary>The silos, in all their lives.</summary>
    public IReadOnlyList<GridSilo> Silos => _silos;

    /// <summary>How devices come to each of them.</summary>
    public IReadOnlyList<GatewayDoor> Gateways => [.. _silos.Select(static silo => silo.Place.Network.Gateway)];

    /// <summary>The silos that answer the API.</summary>
    public IReadOnlyList<Uri> Apis => [.. _silos.Where(static s => !s.Place.IsGatewayOnly).Select(static s => s.Web)];

    /// <summary>A directory for what the run writes.</summary>
    public string Root => _root;

    /// <summary>Starts PostgreSQL and the silos, and puts the witness in its place.</summary>
    public static async Task<Grid> StartAsync(FaultOptions options)
    {
        GridNetwork network = options.Network == NetworkKind.Namespaces
            ? await NamespaceNetwork.MakeAsync()
            : new ProxyNetwork();
        Grid grid = new(options, network, await DatabaseAsync(network));
        try
        {
            for (int i = 0; i < options.Silos + options.Gateways; i++)
            {
                await grid.PlaceAsync(i, options);
            }

            grid._supervising = grid.SuperviseAsync();
            await grid._silos[0].StartAsync();
            await grid.ReadyAsync(grid._silos.Take(1), StartsWithin);
            await grid.Database.WitnessAsync();
            await NoFencing.ApplyAsync(grid.Database, options.Mutant);

            foreach (GridSilo silo in grid._silos.Skip(1))
            {
                await silo.StartAsync();
            }

            await grid.ReadyAsync(grid._silos, StartsWithin);
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

    /// <summary>Silos are no longer started again when they end.</summary>
    public async Task StopSupervisingAsync()
    {
        await _stopping.CancelAsync();
        await _supervising;
    }

    /// <summary>Runs the silo program's <c>verify</c> on the database; it folds every log once more.</summary>
    public Task<ProgramEnd> VerifyAsync() => RunningProgram.RunAsync(
        "dotnet",
        [
            Repository.SiloProgram, "verify", "--refold", "--TwinGrid:Storage:Provider=PostgreSql",
            $"--TwinGrid:Storage:ConnectionString={Database.OwnConnectionString}",
        ],
        _root, TimeSpan.FromMinutes(5));

    public async ValueTask DisposeAsync()
    {
        await StopSupervisingAsync();
        foreach (GridSilo silo in _silos)
        {
            await silo.DisposeAsync();
        }

        await Database.DisposeAsync();
        await Network.DisposeAsync();
        if (!_keeps)
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    private static async Task<GridDatabase> DatabaseAsync(GridNetwork network)
    {
        try
        {
            return await GridDatabase.StartAsync(network.Database);
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    private async Task PlaceAsync(int index, FaultOptions options)
    {
        bool isGateway = index >= options.Silos;
        string name = isGateway ? $"gateway-{index - options.Silos + 1}" : $"silo-{index + 1}";
        NetworkPlace network = await Network.AddAsync(name, Database.Server.Port, () => _silos[index].Id);
        string home = Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
        bool isCluster = options.Silos + options.Gateways > 1;
        string[] settings =
        [
            $"DataDirectory={Path.Combine(home, "data")}",
            $"DefinitionsDirectory={Path.Combine(AppContext.BaseDirectory, "definitions")}",
            "Storage:Provider=PostgreSql", $"Roles={(isGateway ? "Gateway" : "Gateway,Twins,Api")}",
            $"Cluster:Membership={(isCluster ? "PostgreSql" : "Localhost")}", $"Cluster:SiloName={name}",
            "Ingest:LiveWindow=10m", "Limits:NewTwinsPerMinute=100000",
            $"Mqtt:Acknowledge={(options.Mutant == Mutant.AckBeforeCommit ? "Applied" : "Durable")}",
            .. network.Settings,
        ];
        _silos.Add(new GridSilo(new SiloPlace
        {
            Name = name,
            Home = home,
            Settings = settings,
            Network = network,
            IsGatewayOnly = isGateway,
        }));
    }

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
