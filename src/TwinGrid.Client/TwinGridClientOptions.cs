using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;

namespace TwinGrid.Client;

/// <summary>
/// Where the grid is, section <c>TwinGridClient</c> of the host's configuration. Read and judged at the start.
/// </summary>
public sealed class TwinGridClientOptions
{
    internal const string Section = "TwinGridClient";

    /// <summary>
    /// The silos' client ports, <c>host:port</c> each (the silo's <c>TwinGrid:Cluster:AdvertisedAddress</c> and
    /// <c>TwinGrid:Cluster:GatewayPort</c>); one that answers is enough. Names are looked up again
    /// every 5 s, and the silo that answers is asked for the others, at the addresses that those advertise. Empty,
    /// the default, means <c>127.0.0.1:30000</c>.
    /// </summary>
    public string[] Gateways { get; set; } = [];

    /// <summary>The cluster's name, <c>TwinGrid:Cluster:ClusterId</c> of its silos; default <c>twingrid</c>.</summary>
    public string ClusterId { get; set; } = "twingrid";

    /// <summary>The service's name, <c>TwinGrid:Cluster:ServiceId</c> of its silos; default <c>twingrid</c>.</summary>
    public string ServiceId { get; set; } = "twingrid";

    /// <summary>
    /// How long a call tries, connecting and retrying included; default 10 s, about what a cluster needs to notice a
    /// dead silo and move its twins.
    /// </summary>
    public Duration Timeout { get; set; } = TimeSpan.FromSeconds(10);

    internal static bool TryEndPoint(string? text, out DnsEndPoint? gateway)
    {
        int colon = text?.LastIndexOf(':') ?? -1;
        gateway = colon > 0
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= ushort.MaxValue
            && Uri.CheckHostName(text![..colon]) != UriHostNameType.Unknown
            ? new DnsEndPoint(text[..colon].Trim('[', ']'), port)
            : null;
        return gateway is not null;
    }

    internal static DnsEndPoint ToEndPoint(string text) =>
        TryEndPoint(text, out DnsEndPoint? gateway) ? gateway! : throw new TwinGridException(NotAnEndPoint(text));

    private static string NotAnEndPoint(string text) => $"'{text}' is not host:port, such as 127.0.0.1:30000";

    internal sealed class Validator : IValidateOptions<TwinGridClientOptions>
    {
        public ValidateOptionsResult Validate(string? name, TwinGridClientOptions options)
        {
            List<string> problems = [.. options.Gateways
                .Where(static gateway => !TryEndPoint(gateway, out _))
                .Select(static gateway => $"{Section}:Gateways: {NotAnEndPoint(gateway)}")];
            if (string.IsNullOrWhiteSpace(options.ClusterId) || string.IsNullOrWhiteSpace(options.ServiceId))
            {
                problems.Add($"{Section}:ClusterId and {Section}:ServiceId must be those of the silos");
            }

            if (options.Timeout.Value <= TimeSpan.Zero)
            {
                problems.Add($"{Section}:Timeout must be longer than 0s");
            }

            return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
        }
    }
}
