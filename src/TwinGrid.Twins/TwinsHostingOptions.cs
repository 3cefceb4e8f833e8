namespace TwinGrid.Twins;

/// <summary>What the twins' part of a silo is for; set by the host from its roles. Read at the start.</summary>
public sealed class TwinsHostingOptions
{
    /// <summary>
    /// True, the default, where twins live in this silo. False: it only knows the way to them; its manifest names no
    /// grain of theirs, so that no silo places one here.
    /// </summary>
    public bool HostsTwins { get; set; } = true;
}
