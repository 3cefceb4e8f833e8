using TwinGrid.FaultTests.Checking;
using TwinGrid.FaultTests.Devices;
using TwinGrid.FaultTests.Processes;
using TwinGrid.Tests.Storage.PostgreSql;

namespace TwinGrid.FaultTests.Faults;

/// <summary>Does a fault and undoes it.</summary>
internal sealed class FaultInjector(Grid grid, Fleet fleet, ZombieCommits zombies, Verdict verdict)
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
        FaultKind.PowerLoss => LosePowerAsync(fault),
        _ => DisturbAsync(fault),
    };

    private async Task<bool> KillAsync(Fault fault)
    {
        GridSilo silo = grid.Silos[fault.Victim];
        bool hit = silo.IsThere;
        await zombies.RememberAsync(silo.Name);
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
        await zombies.RememberAsync(silo.Name);
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

        await zombies.RememberAsync(silo.Name);
        await silo.PauseAsync();
        await Task.Delay(fault.Length);
        await silo.ResumeAsync();
        await zombies.TryAsync();
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

    private async Task<bool> LosePowerAsync(Fault fault) => await fleet.LosePowerAsync(2, fault.Length) > 0;

    private async Task<bool> DisturbAsync(Fault fault)
    {
        bool hit = await grid.Network.DisturbAsync(fault);
        await Task.Delay(fault.Length);
        await grid.Network.HealAsync();
        return hit;
    }
}
