namespace TwinGrid.Hosting.Security;

/// <summary>What protects the grid, section <c>TwinGrid:Security</c>. Read at the start.</summary>
public sealed class SecurityOptions
{
    /// <summary>
    /// True to let a listener without TLS bind beyond loopback; default false, because whoever reaches it can then
    /// read every twin and command every device.
    /// </summary>
    public bool AllowPlaintext { get; set; }
}
