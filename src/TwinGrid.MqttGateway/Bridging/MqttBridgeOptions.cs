using System.Net;
using TwinGrid.MqttGateway.Decoding;
using TwinGrid.MqttGateway.Sessions;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>What a bridge publishes at the outside broker.</summary>
[Flags]
public enum BridgedEffects
{
    /// <summary>Nothing: the bridge only takes in.</summary>
    None = 0,

    /// <summary>The twins' states, at most once a second each.</summary>
    State = 1,

    /// <summary>Predictions.</summary>
    Predictions = 2,

    /// <summary>Alarms, retained.</summary>
    Alarms = 4,

    /// <summary>Commands.</summary>
    Commands = 8,

    /// <summary>Desired properties, retained.</summary>
    Desired = 16,
}

/// <summary>
/// The bridge to an outside broker, section <c>TwinGrid:Mqtt:Bridge</c>. Validated at start; an error names the key.
/// </summary>
public sealed class MqttBridgeOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = MqttOptions.Section + ":Bridge";

    /// <summary>The most topic filters; each has a connection of its own.</summary>
    public const int MaxTopics = 64;

    private const BridgedEffects Everything = BridgedEffects.State | BridgedEffects.Predictions | BridgedEffects.Alarms
        | BridgedEffects.Commands | BridgedEffects.Desired;

    /// <summary>
    /// The broker, <c>mqtt://[user[:password]@]host[:port]</c>, port 1883 unless it says another, or <c>mqtts://</c>
    /// for TLS, port 8883; default none: no bridge. It must speak MQTT 5. In a cluster every gateway names the same
    /// one, and one of them bridges at a time.
    /// </summary>
    public string? Server { get; set; }

    /// <summary>
    /// A PEM file with the certificates of those who may have signed the broker's; default none: whom the system
    /// trusts. Only with <c>mqtts://</c>. Read anew for each connection.
    /// </summary>
    public string? CertificateAuthority { get; set; }

    /// <summary>
    /// A PEM file with the certificate that the bridge shows to the broker; default none. Only with <c>mqtts://</c>.
    /// </summary>
    public string? Certificate { get; set; }

    /// <summary>A PEM file with the key of <see cref="Certificate"/>; default none: it is in the same file.</summary>
    public string? CertificateKey { get; set; }

    /// <summary>
    /// What the bridge's client ids begin with; default <c>Cluster:ClusterId</c>. The broker keeps a session for each:
    /// whoever changes it leaves behind what the broker still keeps under the old one.
    /// </summary>
    public string? ClientId { get; set; }

    /// <summary>
    /// The topic filters that are subscribed, with commas between them; default every topic on which devices tell the
    /// grid something, and those that kind files map. Each has a connection and a session of its own, so that the order
    /// of each topic stays; filters may not overlap, since a message would come twice.
    /// </summary>
    public string? Topics { get; set; }

    /// <summary>What is published at the broker; default everything.</summary>
    public BridgedEffects Publish { get; set; } = Everything;

    /// <summary>
    /// MQTT 5 Receive Maximum of each connection: the most messages of QoS 1 that are taken from the broker and not
    /// committed; default 1,024, about 50,000 messages a second at a commit of 20 ms. Of a broker that does not keep to
    /// it one message more is taken, and nothing else is read until one is committed.
    /// </summary>
    public ushort ReceiveMaximum { get; set; } = 1_024;

    /// <summary>
    /// MQTT 5 Session Expiry: how long the broker is asked to keep what is published while no grid is connected;
    /// default 7 d.
    /// </summary>
    public Duration SessionExpiry { get; set; } = TimeSpan.FromDays(7);

    /// <summary>True when there is a broker to bridge to.</summary>
    internal bool IsOn => !string.IsNullOrEmpty(Server);

    /// <summary>True where the broker is on this machine: nobody else reaches the grid through it unasked.</summary>
    public bool IsLocal => !IsOn
        || (BridgeAddress.Parse(Server!, out _) is { } address
            && (string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase)
                || (IPAddress.TryParse(address.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip))));

    /// <summary>The filters that were given; none for the default ones.</summary>
    internal IReadOnlyList<TopicFilter> Given() =>
        [.. Split().Select(TopicFilter.Parse).Where(filter => filter is not null).Select(filter => filter!)];

    /// <summary>One sentence for each wrong value.</summary>
    internal IEnumerable<string> Problems(string root)
    {
        if (IsOn && BridgeAddress.Parse(Server!, out string? wrong) is null)
        {
            yield return $"{Section}:Server: {wrong}: write mqtt://host:port, mqtt://user:password@host:port or, for "
                + "TLS, mqtts://";
        }

        foreach (string problem in CertificateProblems())
        {
            yield return problem;
        }

        if (ClientId is { } id && !TwinId.IsSegment(id))
        {
            yield return $"{Section}:ClientId: '{id}' cannot begin a client id: {TwinId.SegmentRule}";
        }

        if (ReceiveMaximum == 0)
        {
            yield return $"{Section}:ReceiveMaximum: 0 would let nothing in: write 1 to 65535";
        }

        if ((TimeSpan)SessionExpiry < TimeSpan.FromSeconds(1)
            || ((TimeSpan)SessionExpiry).TotalSeconds >= uint.MaxValue)
        {
            yield return $"{Section}:SessionExpiry: a second at least, and at most 136 years";
        }

        if ((Publish & ~Everything) != 0)
        {
            yield return $"{Section}:Publish: write some of State, Predictions, Alarms, Commands, Desired";
        }

        foreach (string problem in TopicProblems(root))
        {
            yield return problem;
        }
    }

    private IEnumerable<string> CertificateProblems()
    {
        bool isSecure = IsOn && BridgeAddress.Parse(Server!, out _) is null or { IsSecure: true };
        if (CertificateKey is not null && Certificate is null)
        {
            yield return $"{Section}:CertificateKey: a key without a certificate: write {Section}:Certificate, too";
        }

        (string Key, string? File, Func<IDisposable?> Read)[] files =
        [
            (nameof(CertificateAuthority), CertificateAuthority, () =>
            {
                BridgeCertificates.Authorities(CertificateAuthority!);
                return null;
            }),
            (nameof(Certificate), Certificate, () => BridgeCertificates.Client(Certificate!, CertificateKey)),
        ];
        foreach ((string key, string? file, Func<IDisposable?> read) in files)
        {
            if (file is not null && !isSecure)
            {
                yield return $"{Section}:{key}: nothing is encrypted with mqtt://: write mqtts:// in {Section}:Server";
            }
            else if (file is not null && BridgeCertificates.Problem(read) is { } problem)
            {
                yield return $"{Section}:{key}: '{file}' cannot be read: {problem}";
            }
        }
    }

    private string[] Split() => Topics is null
        ? []
        : Topics.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private IEnumerable<string> TopicProblems(string root)
    {
        string[] texts = Split();
        if (texts.Length > MaxTopics)
        {
            yield return $"{Section}:Topics: {texts.Length} filters; at most {MaxTopics}, each has a connection";
        }

        foreach (string text in texts)
        {
            if (text.StartsWith("$share/", StringComparison.Ordinal))
            {
                yield return $"{Section}:Topics: '{text}' is shared, which does not keep the order of a topic: write "
                    + "filters that do not overlap, such as one for each kind";
            }
            else if (TopicFilter.Parse(text) is not { } filter || IngestMappings.IsReserved(filter.Levels[0]))
            {
                yield return $"{Section}:Topics: '{text}' is not a topic filter that can be bridged";
            }
            else if (BridgeTopics.GridTopic(filter, root) is { } told)
            {
                yield return $"{Section}:Topics: '{text}' matches {told}, which the grid itself publishes: name what "
                    + $"devices publish, such as {root}/+/+/telemetry/#";
            }
        }

        foreach ((string one, string other) in BridgeTopics.Overlaps(Given()))
        {
            yield return $"{Section}:Topics: '{one}' and '{other}' overlap: a message would come twice";
        }
    }
}
