using TwinGrid.FaultTests.Checking;
using TwinGrid.FaultTests.Devices;
using TwinGrid.FaultTests.Processes;
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

        bool hit = await grid.Network.DisturbAsync(fault);
        await Task.Delay(fault.Length);
        await grid.Network.HealAsync();
        return hit;
    }
}
