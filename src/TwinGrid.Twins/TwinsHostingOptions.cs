namespace TwinGrid.Twins;

/// <summary>What the twins' part of a silo is for; set by the host from its roles. Read at the start.</summary>
public sealed class TwinsHostingOptions
{
    /// <summary>
    /// True, the default, where twins live in this silo. False: it only knows the way to them; its manifest names no
    /// grain of theirs, so that no silo places one here.
    /// </summary>
    public bool HostsTwins { get; set; } = true;

    /// <summary>
    /// For how long a silo may answer reads of its twins after it last asked the store whether it is still theirs; it
    /// asks four times in that. Default 2 s. When a silo dies its twins are read elsewhere no sooner than this is over.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How many twins a silo gives away per second when others came, each of which is asked to go and comes again at
    /// its new place with its next message. Default 200: the others keep most of the silo's time. A silo that stops
    /// gives its twins away as fast as it can.
    /// </summary>
    public int MovesPerSecond { get; set; } = 200;
}
