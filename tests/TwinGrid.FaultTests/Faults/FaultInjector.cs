using TwinGrid.FaultTests.Checking;
using TwinGrid.FaultTests.Devices;
using TwinGrid.FaultTests.Processes;
using TwinGrid.FaultTests.Proxy;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.FaultTests.Faults;

/// <summary>Does a fault and undoes it.</summary>
internal sealed class FaultInjector(Grid grid, Fleet fleet, Verdict verdict)
{
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DiesLater = TimeSpan.FromMilliseconds(300);

    /// <summary>Does it, waits for as long as it is to be, undoes it.</summary>
    /// <returns>False where it could hit nothing.</returns>
    public Task<bool> InjectAsync(Fault fault) => fault.Kind switch
    {
        FaultKind.SiloKill or FaultKind.GatewayKill => KillAsync(fault),
        FaultKind.DatabaseAndSiloKill => KillBothAsync(fault),
        FaultKind.SiloPause => PauseAsync(fault),
        FaultKind.DatabaseRestart => RestartDatabaseAsync(fault),
        FaultKind.StopAndJoin => StopAndJoinAsync(fault),
        _ => DisturbAsync(fault),
    };

    private async Task<bool> KillAsync(Fault fault)
    {
        GridSilo silo = grid.Silos[fault.Victim];
        bool hit = silo.IsThere;
        await silo.KillAsync();
        await Task.Delay(fault.Length);
        await silo.StartAsync();
        return hit;
    }

    // What the silo took while PostgreSQL was away dies with it: none of that may have been acknowledged.
    private async Task<bool> KillBothAsync(Fault fault)
    {
        PostgreSqlServer database = grid.Database.Server;
        GridSilo silo = grid.Silos[fault.Victim];
        bool hit = silo.IsThere;
        await database.KillAsync();
        await Task.Delay(DiesLater);
        await silo.KillAsync();
        await Task.Delay(fault.Length);
        await database.StartAsync();
        await silo.StartAsync();
        return hit;
    }

    private async Task<bool> PauseAsync(Fault fault)
    {
        GridSilo silo = grid.Silos[fault.Victim];
        if (!silo.IsThere)
        {
            return false;
        }

        ZombieCommit commit = await ZombieCommit.PrepareAsync(grid.Database, silo.Name);
        await silo.PauseAsync();
        await Task.Delay(fault.Length);
        await silo.ResumeAsync();
        await commit.TryAsync();
        return true;
    }

    private async Task<bool> RestartDatabaseAsync(Fault fault)
    {
        PostgreSqlServer database = grid.Database.Server;
        await (fault.Variant % 2 == 0 ? database.KillAsync() : database.StopImmediatelyAsync());
        await Task.Delay(fault.Length);
        await database.StartAsync();
        return true;
    }

    private async Task<bool> StopAndJoinAsync(Fault fault)
    {
        GridSilo silo = grid.Silos[fault.Victim];
        if (!silo.IsThere)
        {
            return false;
        }

        int? exitCode = await silo.StopAsync(StopsWithin);
        if (exitCode != 0)
        {
            verdict.NotRecovered($"{silo.Name} was told to stop and {GridSilo.HowItEnded(exitCode)}");
        }

        await Task.Delay(fault.Length);
        await silo.StartAsync();
        return true;
    }

    private async Task<bool> DisturbAsync(Fault fault)
    {
        // Every fourth cut at the devices' side is their own: half of them lose their power.
        if (fault is { Kind: FaultKind.Cut, Link: Link.Devices } && fault.Variant % 4 == 0)
        {
            int count = fleet.LosePower(2);
            await Task.Delay(fault.Length);
            return count > 0;
        }

        // One in three goes in one direction only; of silos, one in three parts two and both still see the others.
        Weather[] weathers = [.. Disturbed(fault)];
        int before = weathers.Sum(static weather => weather.Connections);
        foreach (Weather weather in weathers)
        {
            Disturb(weather, fault);
        }

        await Task.Delay(fault.Length);
        foreach (Weather weather in weathers)
        {
            weather.Clear();
        }

        return before > 0;
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
                weather.Hold(forward: fault.Variant % 3 != 0, back: fault.Variant % 3 != 1);
                break;
        }
    }

    private IEnumerable<Weather> Disturbed(Fault fault)
    {
        if (fault.Link != Link.Silos)
        {
            IReadOnlyList<FaultProxy> proxies = fault.Link == Link.Database ? grid.DatabaseLinks : grid.Gateways;
            return [proxies[fault.Victim].For(FaultProxy.Everybody)];
        }

        FaultProxy own = grid.SiloLinks[fault.Victim];
        string name = grid.Silos[fault.Victim].Name;
        int other = (fault.Victim + 1) % grid.Silos.Count;
        return (fault.Variant % 3) switch
        {
            0 => [own.For(FaultProxy.Everybody), .. grid.SiloLinks.Where(p => p != own).Select(p => p.For(name))],
            1 => [own.For(grid.Silos[other].Name), grid.SiloLinks[other].For(name)],
            _ => [own.For(FaultProxy.Everybody)],
        };
    }
}
