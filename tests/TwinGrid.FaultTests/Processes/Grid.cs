using System.Diagnostics;
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
    private readonly List<Silo> _silos = [];
    private readonly List<FaultProxy> _gateways = [];
    private readonly List<FaultProxy> _databaseLinks = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _supervising = Task.CompletedTask;

    private Grid(FaultOptions options, GridDatabase database)
    {
        Database = database;
        _keeps = options.Keep is not null;
        _root = options.Keep is { } kept
            ? Directory.CreateDirectory(kept).FullName
            : Directory.CreateTempSubdirectory("twingrid-faults-").FullName;
        for (int i = 0; i < options.Silos; i++)
        {
            Place(i, options);
        }
    }

    /// <summary>The database.</summary>
    public GridDatabase Database { get; }

    /// <summary>The silos, in all their lives.</summary>
    public IReadOnlyList<Silo> Silos => _silos;

    /// <summary>Between devices and each silo's MQTT listener.</summary>
    public IReadOnlyList<FaultProxy> Gateways => _gateways;

    /// <summary>Between each silo and PostgreSQL.</summary>
    public IReadOnlyList<FaultProxy> DatabaseLinks => _databaseLinks;

    /// <summary>A directory for what the run writes.</summary>
    public string Root => _root;

    /// <summary>Starts PostgreSQL and the silos, and puts the witness in its place.</summary>
    public static async Task<Grid> StartAsync(FaultOptions options)
    {
        Grid grid = new(options, await GridDatabase.StartAsync());
        try
        {
            grid._silos[0].Start();
            await grid.ReadyAsync(grid._silos.Take(1), StartsWithin);
            await grid.Database.WitnessAsync(options.Mutant);
            foreach (Silo silo in grid._silos.Skip(1))
            {
                silo.Start();
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
    public Task ReadyAsync(IEnumerable<Silo> silos, TimeSpan within) => Task.WhenAll(silos.Select(silo =>
        Eventually.SeeAsync($"{silo.Name} to be ready", silo.IsReadyAsync, static ready => ready, within)));

    /// <summary>Good weather on all links.</summary>
    public void Clear()
    {
        foreach (FaultProxy proxy in _gateways.Concat(_databaseLinks))
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
        foreach (Silo silo in _silos)
        {
            await silo.DisposeAsync();
        }

        foreach (FaultProxy proxy in _gateways.Concat(_databaseLinks))
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
        string name = $"silo-{index + 1}";
        string home = Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
        int mqtt = FreePort.Next();
        int http = FreePort.Next();
        FaultProxy database = new(0, Database.Server.Port);
        _databaseLinks.Add(database);
        _gateways.Add(new FaultProxy(0, mqtt));
        string[] cluster = options.Silos == 1 ? [] : ["Cluster:Membership=PostgreSql"];
        string[] settings =
        [
            $"DataDirectory={Path.Combine(home, "data")}",
            $"DefinitionsDirectory={Path.Combine(AppContext.BaseDirectory, "definitions")}",
            "Storage:Provider=PostgreSql",
            $"Storage:ConnectionString={GridDatabase.ConnectionString(database.Port)}",
            $"Mqtt:Port={mqtt}", $"Http:Port={http}", $"Cluster:SiloName={name}",
            $"Cluster:SiloPort={FreePort.Next()}", $"Cluster:GatewayPort={FreePort.Next()}", .. cluster,
            "Ingest:LiveWindow=10m", "Limits:NewTwinsPerMinute=100000",
            $"Mqtt:Acknowledge={(options.Mutant == Mutant.AckBeforeCommit ? "Applied" : "Durable")}",
        ];
        _silos.Add(new Silo(new SiloPlace { Name = name, Home = home, Settings = settings, HttpPort = http }));
    }

    private async Task SuperviseAsync()
    {
        using PeriodicTimer timer = new(LooksEvery);
        long looked = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (Silo silo in _silos)
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
