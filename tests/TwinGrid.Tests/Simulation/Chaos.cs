using Orleans;

namespace TwinGrid.Tests.Simulation;

/// <summary>What goes wrong, at any step.</summary>
internal sealed class Chaos(Schedule schedule, bool allowsTwo)
{
    private World World => schedule.World;

    /// <summary>Something goes wrong now.</summary>
    public void Strike()
    {
        switch (World.Chance.Next(allowsTwo ? 13 : 11))
        {
            case 0 or 1:
                KillSilo();
                break;
            case 2:
                LosePower();
                break;
            case 3:
                schedule.Database.LosePower();
                break;
            case 4 or 5:
                Storm();
                break;
            case 6:
                Weather();
                break;
            case 7:
                Deactivate();
                break;
            case 8:
                schedule.SomeDevice().Restart();
                break;
            case 9:
                schedule.SomeDevice().Connect();
                break;
            case 10:
                Rarely();
                break;
            case 11:
                FreezeSilo();
                break;
            default:
                schedule.Counts.TwoAtOnce++;
                schedule.StartSilo();
                schedule.SomeDevice().Connect();
                break;
        }
    }

    private void KillSilo()
    {
        if (schedule.SomeSilo() is { } silo)
        {
            schedule.Kill(silo);
            World.After(World.Between(1, 3_000), schedule.EnsureSilo);
        }
    }

    private void LosePower()
    {
        while (schedule.SomeSilo() is { } silo)
        {
            schedule.Kill(silo);
        }

        schedule.Database.LosePower();
        World.After(World.Between(1, 3_000), schedule.EnsureSilo);
    }

    private void Storm()
    {
        (schedule.Network.Loss, schedule.Network.Doubling, schedule.Network.Delay) =
            (World.Chance.NextDouble() * 0.5, World.Chance.NextDouble() * 0.3, World.Chance.NextDouble() * 0.3);
        World.After(World.Between(500, 5_000), schedule.Network.Heal);
    }

    private void Weather()
    {
        schedule.Database.Weather = (StoreWeather)World.Chance.Next(1, 4);
        World.After(World.Between(50, 4_000), () => schedule.Database.Weather = StoreWeather.Fine);
    }

    private void Deactivate()
    {
        if (schedule.SomeSilo() is { } silo && silo.Activations.FirstOrDefault().Value is { } activation)
        {
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, "idle"));
        }
    }

    private void Rarely()
    {
        if (World.Happens(0.3))
        {
            schedule.People.Delete(schedule.SomeDevice().Twin);
        }
    }

    // Stopped for a while, declared dead, replaced, and then it goes on and does not know.
    private void FreezeSilo()
    {
        if (schedule.SomeSilo() is not { } silo)
        {
            return;
        }

        silo.Process.Freeze();
        World.After(World.Between(200, 3_000), () =>
        {
            schedule.DeclareDead(silo);
            schedule.EnsureSilo();
            World.After(World.Between(0, 3_000), silo.Process.Thaw);
            World.After(World.Between(3_000, 8_000), () => schedule.Kill(silo));
        });
    }
}
