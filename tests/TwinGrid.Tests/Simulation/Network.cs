namespace TwinGrid.Tests.Simulation;

/// <summary>What lies between devices and silos: it drops, doubles, delays and so reorders.</summary>
internal sealed class Network(World world)
{
    /// <summary>How much is lost.</summary>
    public double Loss { get; set; }

    /// <summary>How much arrives twice.</summary>
    public double Doubling { get; set; }

    /// <summary>How much is late by seconds.</summary>
    public double Delay { get; set; }

    /// <summary>Brings something to the other side, or not.</summary>
    public void Carry(Action arrive)
    {
        if (!world.Happens(Loss))
        {
            world.After(Latency(), arrive);
        }

        if (world.Happens(Doubling))
        {
            world.After(Latency(), arrive);
        }
    }

    /// <summary>From now on everything arrives once and soon.</summary>
    public void Heal() => (Loss, Doubling, Delay) = (0, 0, 0);

    private TimeSpan Latency() => world.Happens(Delay) ? world.Between(200, 8_000) : world.Between(0.1, 30);
}
