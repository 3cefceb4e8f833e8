namespace TwinGrid.Hosting.Api;

/// <summary>
/// The web page, the API, health and metrics, section <c>TwinGrid:Http</c>. Address and port are read at the start by
/// <c>UseTwinGridHttp</c>; a host that does not call it listens where it likes.
/// </summary>
public sealed class HttpOptions
{
    /// <summary>Where to listen; default 127.0.0.1.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>The port; default 8080, 0 for any free one.</summary>
    public int Port { get; set; } = 8_080;

    /// <summary>
    /// True to serve Orleans' own dashboard at <c>/orleans</c>; default false: it shows everything to everyone who
    /// reaches it, and counting every call costs.
    /// </summary>
    public bool OrleansDashboard { get; set; }

    /// <summary>
    /// How long a request may wait for the grid; default 10 s, twice the time that a twin's turn may take. Then it is
    /// answered with 503 and may be sent again.
    /// </summary>
    public Duration Timeout { get; set; } = TimeSpan.FromSeconds(10);
}
