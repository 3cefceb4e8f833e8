using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TwinGrid.Hosting.Roles;
using TwinGrid.MqttGateway;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Hosting.Startup;

/// <summary>
/// What a grid says when it is ready: where it is, and two lines that work when they are pasted into any shell.
/// </summary>
/// <param name="Web">The web address, or null where nothing listens.</param>
/// <param name="Mqtt">Where the MQTT listener is, or null where there is none.</param>
/// <param name="TopicRoot">The first level of every topic.</param>
/// <param name="Sample">A twin and a telemetry that may be tried, or null.</param>
internal sealed record Greeting(Uri? Web, IPEndPoint? Mqtt, string TopicRoot, (TwinId Twin, string Telemetry)? Sample)
{
    /// <summary>True where the API is at the web address, and not health and metrics alone.</summary>
    public bool HasApi { get; init; } = Web is not null;

    /// <summary>The greeting of a grid that runs.</summary>
    public static Greeting Of(IServiceProvider services)
    {
        string? web = services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses
            .FirstOrDefault();
        return new Greeting(
            web is null ? null : Reachable(new Uri(web)),
            services.GetRequiredService<MqttGatewayEndpoint>().Bound,
            services.GetRequiredService<IOptions<MqttOptions>>().Value.TopicRoot,
            FindSample(services))
        {
            HasApi = web is not null
                && services.GetRequiredService<IOptions<TwinGridOptions>>().Value.Roles.HasFlag(GridRoles.Api),
        };
    }

    public IEnumerable<string> Lines()
    {
        yield return "TwinGrid is ready.";
        if (Web is not null)
        {
            yield return $"  web   {Web}";
        }

        if (Mqtt is not null)
        {
            yield return $"  mqtt  mqtt://{Reachable(Mqtt)}";
        }

        if (Sample is not { } sample || (!HasApi && Mqtt is null))
        {
            yield break;
        }

        yield return "Send it a reading:";
        if (HasApi)
        {
            yield return $"  curl -d 21.5 {Web}api/v1/twins/{sample.Twin}/telemetry/{sample.Telemetry}";
        }

        if (Mqtt is not null)
        {
            string topic = $"{TopicRoot}/{sample.Twin}/telemetry/{sample.Telemetry}";
            yield return $"  mosquitto_pub{Where(Mqtt)} -t {topic} -m 21.5";
        }
    }

    /// <summary>The options of mosquitto_pub, whose defaults are localhost and 1883.</summary>
    private static string Where(IPEndPoint mqtt)
    {
        IPEndPoint reachable = Reachable(mqtt);
        string host = IPAddress.IsLoopback(reachable.Address) ? "" : $" -h {reachable.Address}";
        return reachable.Port == 1_883 ? host : $"{host} -p {reachable.Port}";
    }

    /// <summary>An address that can be connected to: nobody connects to "any".</summary>
    public static IPEndPoint Reachable(IPEndPoint listener) =>
        listener.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, listener.Port)
        : listener.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, listener.Port)
        : listener;

    private static Uri Reachable(Uri web) =>
        IPAddress.TryParse(web.Host, out IPAddress? address)
            ? new UriBuilder(web) { Host = Reachable(new IPEndPoint(address, web.Port)).Address.ToString() }.Uri
            : web;

    private static (TwinId Twin, string Telemetry)? FindSample(IServiceProvider services)
    {
        switch (services.GetRequiredService<IOptions<IngestOptions>>().Value.NewTwins)
        {
            case NewTwins.Existing:
                return null;
            case NewTwins.KnownKinds:
                IEnumerable<(TwinId, string)?> declared =
                    from definition in services.GetRequiredService<DefinitionSet>().All
                    from telemetry in definition.Telemetry
                    where telemetry.Type == TelemetryType.Number
                    select ((TwinId, string)?)(new TwinId(definition.Kind, "one"), telemetry.Name);
                return declared.FirstOrDefault();
            default:
                return (new TwinId("demo", "one"), "temperature");
        }
    }
}
