using Orleans;

namespace TwinGrid.Tests.Simulation;

/// <summary>
/// One seeded schedule: devices, operators and readers against silos over one database, with whatever goes wrong; then
/// nothing goes wrong any more, everything must come to its end, and the oracle judges.
/// </summary>
internal sealed class Schedule
{
    private const int MostSteps = 200_000;
    private static readonly long s_longestEnd = TimeSpan.FromMinutes(3).Ticks;

    private readonly List<SimulatedSilo> _silos = [];
    private readonly List<Device> _devices = [];
    private readonly HashSet<SimulatedSilo> _declaredDead = [];
    private readonly double _chaos;
    private int _incarnation;
    private long _nextLook;

    private Schedule(int seed, Mutation mutation)
    {
        Mutation = mutation;
        World = new World(seed);
        Database = new Database(World, Counts);
        Network = new Network(World) { Loss = 0.02, Doubling = 0.02, Delay = 0.02 };
        People = new People(this);
        MayBeTwo = World.Happens(0.5);
        _chaos = World.Chance.NextDouble() * 0.02;
        mutation.Begin(Database);
        StartSilo();
        int twins = World.Chance.Next(1, 3);
        for (int i = 0; i < twins; i++)
        {
            TwinId twin = new(SimulatedKind.Name, $"e{i}");
            for (int k = World.Chance.Next(1, 3); k > 0; k--)
            {
                _devices.Add(new Device(this, twin, k == 1 ? "" : $"aux{k}", World.Chance.Next(3, 13)));
            }
        }
    }

    public World World { get; }

    public Database Database { get; }

    public Network Network { get; }

    public People People { get; }

    public Mutation Mutation { get; }

    public Journal Journal { get; } = new();

    public SimulationCounts Counts { get; } = new();

    /// <summary>True when two silos may serve a twin at once; else reads are judged for being the newest.</summary>
    public bool MayBeTwo { get; }

    /// <summary>The true time.</summary>
    public DateTimeOffset WallClock => ProcessClock.Start + TimeSpan.FromTicks(World.Now);

    public IEnumerable<SimulatedSilo> Silos => _silos;

    /// <summary>Runs a schedule to its end.</summary>
    public static Verdict Run(int seed, Mutation? mutation = null)
    {
        // Awaits go back to a lane only where there is no other context, such as a test runner's.
        SynchronizationContext? around = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            Schedule schedule = new(seed, mutation ?? new Mutation());
            IReadOnlyList<string> wrongs = schedule.Run();
            schedule._silos.ForEach(silo => silo.Process.Kill());
            return new Verdict(seed, schedule.World.Trace, wrongs, schedule.Counts);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(around);
        }
    }

    /// <summary>A silo that answers, or seems to.</summary>
    public SimulatedSilo? SomeSilo()
    {
        SimulatedSilo[] alive = [.. _silos.Where(silo => !_declaredDead.Contains(silo))];
        return alive.Length == 0 ? null : alive[World.Chance.Next(alive.Length)];
    }

    public Device SomeDevice() => _devices[World.Chance.Next(_devices.Count)];

    public void StartSilo()
    {
        SimulatedSilo silo = new(World, Database, Mutation, Counts, ++_incarnation);
        silo.Told = effect => Tell(silo, effect);
        _silos.Add(silo);
    }

    public void EnsureSilo()
    {
        if (_silos.All(_declaredDead.Contains))
        {
            StartSilo();
        }
    }

    public void Kill(SimulatedSilo silo)
    {
        if (_silos.Remove(silo))
        {
            Counts.Crashes++;
            silo.Process.Kill();
            Database.Disconnect(silo.Incarnation);
        }
    }

    public void DeclareDead(SimulatedSilo silo)
    {
        if (_silos.Contains(silo) && _declaredDead.Add(silo))
        {
            Counts.Zombies++;
            Database.DeclareDead(silo.Incarnation);
        }
    }

    private IReadOnlyList<string> Run()
    {
        while (World.Steps < MostSteps && _devices.Exists(device => !device.HasMeasured))
        {
            World.Step();
            if (World.Happens(_chaos))
            {
                new Chaos(this, MayBeTwo).Strike();
            }

            if (World.Happens(0.01))
            {
                Visit();
            }
        }

        StopFaults();
        long end = World.Now + s_longestEnd;
        bool isDone = false;
        while (!isDone && World.Now < end && World.Steps < 2 * MostSteps)
        {
            World.Step();
            isDone = IsDone();
        }

        return new Oracle(this).Judge(isDone);
    }

    private void Visit()
    {
        TwinId twin = SomeDevice().Twin;
        if (World.Happens(0.3))
        {
            People.Want(twin);
        }
        else
        {
            People.Look(twin);
        }
    }

    private void StopFaults()
    {
        Network.Heal();
        Database.Weather = StoreWeather.Fine;
        SimulatedSilo[] gone = [.. _silos.Where(silo => !silo.Process.Runs || _declaredDead.Contains(silo))];
        foreach (SimulatedSilo silo in gone)
        {
            Kill(silo);
        }

        EnsureSilo();
        if (MayBeTwo)
        {
            MergeDirectory();
        }

        _devices.ForEach(device => device.Connect());
    }

    // The cluster agrees on one activation of each twin again, and somebody asks for it: one that has taken nothing for
    // long may not know the end of its log.
    private void MergeDirectory()
    {
        foreach (Activation activation in _silos.SelectMany(silo => silo.Activations).Select(a => a.Value).ToArray())
        {
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.DuplicateActivation, "two of it"));
        }

        foreach (TwinId twin in _devices.Select(device => device.Twin).Distinct())
        {
            World.After(TimeSpan.FromSeconds(1), () => People.Look(twin));
        }
    }

    // Asked at every step: what is dear comes last and at most twice a second.
    private bool IsDone()
    {
        if (World.Now < _nextLook || !_devices.TrueForAll(device => device.IsDone))
        {
            return false;
        }

        _nextLook = World.Now + (TimeSpan.TicksPerSecond / 2);
        return Journal.Intentions.TrueForAll(intention => intention.Ended)
            && _silos.TrueForAll(silo => silo.Activations.All(activation => activation.Value.IsAtRest))
            && Database.Twins.All(twin => Refold.OpenCommands(twin, Database.Rows(twin)) == 0);
    }

    /// <summary>What has not come to its end, for whoever must find out why.</summary>
    public string Unfinished() => string.Join(", ",
    [
        .. _devices.Where(device => !device.IsDone),
        .. Journal.Intentions.Where(intention => !intention.Ended).Select(intention => $"{intention.Args} wanted"),
        .. _silos.SelectMany(silo => silo.Activations)
            .Where(activation => !activation.Value.IsAtRest).Select(activation => $"{activation.Key} is busy"),
        .. Database.Twins.Select(twin => $"{twin} has {Refold.OpenCommands(twin, Database.Rows(twin))} open commands"),
    ]);

    private void Tell(SimulatedSilo silo, TwinEffect effect)
    {
        if (effect.Alarm is not null)
        {
            Counts.Alarms++;
        }

        if (effect.Command is not { } command)
        {
            return;
        }

        Journal.ToldCommands.Add(command.Id);
        if (_devices.Find(device => device.Twin == effect.Twin && device.TakesCommands) is { } device
            && device.Silo == silo)
        {
            Network.Carry(() => device.Receive(command, silo));
        }
    }
}

/// <summary>How a schedule ended.</summary>
/// <param name="Seed">Makes it again.</param>
/// <param name="Trace">Equal for equal schedules.</param>
/// <param name="Wrongs">What was promised and did not hold.</param>
/// <param name="Counts">What happened.</param>
internal sealed record Verdict(int Seed, ulong Trace, IReadOnlyList<string> Wrongs, SimulationCounts Counts);
