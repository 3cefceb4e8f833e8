using System.Net;
using Microsoft.Extensions.Options;
using TwinGrid.MqttGateway.Bridging;

namespace TwinGrid.MqttGateway;

/// <summary>When a QoS 1 PUBLISH is acknowledged.</summary>
public enum MqttAcknowledge : byte
{
    /// <summary>After the commit: what was acknowledged survives a crash; the default.</summary>
    Durable = 0,

    /// <summary>After the twin's turn: for volatile data and for finding the limits.</summary>
    Applied = 1,
}

/// <summary>The MQTT listener, section <c>TwinGrid:Mqtt</c>. Validated at start; an error names the key.</summary>
public sealed class MqttOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "TwinGrid:Mqtt";

    /// <summary>The address that it binds: an IP address, or <c>localhost</c>; default 127.0.0.1.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>
    /// The port; default 1883, the one registered for MQTT. 0 takes any free port, -1 means no listener.
    /// </summary>
    public int Port { get; set; } = 1883;

    /// <summary>The first level of every topic; default <c>twins</c>.</summary>
    public string TopicRoot { get; set; } = "twins";

    /// <summary>
    /// When a QoS 1 PUBLISH is acknowledged; default durable. The gateway acknowledges when the twins answer; this
    /// tells the twins when to.
    /// </summary>
    public MqttAcknowledge Acknowledge { get; set; }

    /// <summary>
    /// Lets clients exchange messages on topics that are not the grid's, in memory and within this process; default
    /// false. For conformance suites: TwinGrid is the front door of twins, not a broker.
    /// </summary>
    public bool OpenTopics { get; set; }

    /// <summary>The bridge to an outside broker, beside the listener or, with port -1, instead of it.</summary>
    public MqttBridgeOptions Bridge { get; } = new();

    /// <summary>True when there is a listener.</summary>
    internal bool Listens => Port >= 0;

    /// <summary>True when there is a listener or a bridge: the process has a gateway.</summary>
    internal bool IsGateway => Listens || Bridge.IsOn;

    internal IPAddress IPAddress =>
        string.Equals(Address, "localhost", StringComparison.OrdinalIgnoreCase)
            ? IPAddress.Loopback
            : IPAddress.Parse(Address);

    internal sealed class Validator : IValidateOptions<MqttOptions>
    {
        public ValidateOptionsResult Validate(string? name, MqttOptions options)
        {
            List<string> problems = [];
            if (!IPAddress.TryParse(options.Address, out _)
                && !string.Equals(options.Address, "localhost", StringComparison.OrdinalIgnoreCase))
            {
                problems.Add(
                    $"{Section}:Address: '{options.Address}' is not an IP address: write 127.0.0.1, 0.0.0.0 or ::");
            }

            if (options.Port is < -1 or > 65_535)
            {
                problems.Add(
                    $"{Section}:Port: {options.Port} is not a port: write 1 to 65535, 0 for any free one, -1 for none");
            }

            if (!IsRoot(options.TopicRoot))
            {
                problems.Add(
                    $"{Section}:TopicRoot: '{options.TopicRoot}' cannot be the first level of a topic: write 1 to 128 "
                    + "characters of A-Z a-z 0-9 _ - . @ ~, none of spBv1.0, opcua, homeassistant");
            }

            if (!Enum.IsDefined(options.Acknowledge))
            {
                problems.Add($"{Section}:Acknowledge: write Durable or Applied");
            }

            problems.AddRange(options.Bridge.Problems(options.TopicRoot ?? ""));
            if (options.Bridge.IsOn && options.Bridge.IsLocal && options.Port > 0
                && BridgeAddress.Parse(options.Bridge.Server!, out _)?.Port == options.Port)
            {
                problems.Add(
                    $"{Section}:Bridge:Server: port {options.Port} of this machine is the grid's own listener's: where "
                    + $"a broker has it, write another {Section}:Port, or -1 for no listener");
            }

            return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
        }

        private static bool IsRoot(string? root) =>
            TwinId.IsSegment(root) && !Decoding.IngestMappings.IsReserved(root!);
    }
}
