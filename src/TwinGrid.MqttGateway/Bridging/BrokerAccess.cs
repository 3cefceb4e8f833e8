using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using Orleans.Configuration;

namespace TwinGrid.MqttGateway.Bridging;

/// <summary>As whom and how the bridge connects. Immutable, thread-safe.</summary>
internal sealed class BrokerAccess(
    IOptions<MqttOptions> options,
    IOptions<LimitOptions> limits,
    IOptions<ClusterOptions> cluster,
    IngestBudget budget,
    TimeProvider clock)
{
    /// <summary>How often a broker hears something; it is asked twice as often as that.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(20);

    /// <summary>How long a broker may take to answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // What MQTT 3.1.1 calls an unacceptable protocol version (section 3.2.2.3); MQTT 5 has no such code.
    private const int OldVersionRefused = 1;

    private readonly MqttBridgeOptions _bridge = options.Value.Bridge;

    /// <summary>Where.</summary>
    public BridgeAddress Address { get; } = BridgeAddress.Parse(options.Value.Bridge.Server ?? "", out string? wrong)
        ?? throw new TwinGridException($"{MqttBridgeOptions.Section}:Server: {wrong}");

    /// <summary>The time.</summary>
    public TimeProvider Clock => clock;

    /// <summary>What all client ids begin with.</summary>
    public string Name => _bridge.ClientId ?? (cluster.Value.ClusterId is { Length: > 0 } id ? id : "twingrid");

    /// <summary>What bounds a connection that takes in.</summary>
    public BridgeHold Hold() => new(_bridge.ReceiveMaximum, budget, clock);

    /// <summary>For a connection on which nothing comes that wants an acknowledgement.</summary>
    public BridgeHold NoHold() => new(int.MaxValue, budget: null, clock);

    /// <summary>
    /// Takes in what a filter matches: the broker keeps the session, and what was not acknowledged, over every end of
    /// the connection. The client's id is the cluster's and not the silo's, so that whoever bridges next goes on with
    /// the same session.
    /// </summary>
    public MqttClientOptions Receiving(string filter) => New($"{Name}-in-{BridgeTopics.SessionOf(filter)}")
        .WithCleanStart(false)
        .WithSessionExpiryInterval((uint)((TimeSpan)_bridge.SessionExpiry).TotalSeconds)
        .WithReceiveMaximum(_bridge.ReceiveMaximum)
        .WithMaximumPacketSize((uint)limits.Value.PacketBytes)
        .Build();

    /// <summary>Publishes: what must not be lost is kept by the twins, so the broker keeps no session.</summary>
    public MqttClientOptions Publishing() => New($"{Name}-out").WithCleanStart(true).Build();

    /// <summary>What a refused CONNECT means, and what to do.</summary>
    public string WhyRefused(MqttClientConnectResult result)
    {
        string said = $"{result.ResultCode} {result.ReasonString}".TrimEnd();
        string who = Address.User is null ? "a client without a user" : $"the user '{Address.User}'";
        return result.ResultCode switch
        {
            (MqttClientConnectResultCode)OldVersionRefused or MqttClientConnectResultCode.UnsupportedProtocolVersion =>
                "the broker does not speak MQTT 5, which the bridge needs",
            MqttClientConnectResultCode.BadUserNameOrPassword or MqttClientConnectResultCode.NotAuthorized =>
                $"the broker refuses {who} ({said}): see the user and password in {MqttBridgeOptions.Section}:Server",
            _ => $"the broker refuses the connection: {said}",
        };
    }

    /// <summary>Why there is no connection, from what the library and the system say.</summary>
    public string WhyUnreachable(Exception problem)
    {
        for (Exception? e = problem; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case AuthenticationException:
                    return $"{e.Message.TrimEnd('.')}. TLS failed: the broker's certificate must name this host, and "
                        + $"{MqttBridgeOptions.Section}:CertificateAuthority whoever signed it";
                case SocketException socket:
                    return $"{Address}: {socket.Message}";
                case MqttConnectingFailedException { InnerException: MqttCommunicationException }:
                    return $"{Address} closed the connection instead of answering: a broker of MQTT 5 must be "
                        + "there, with TLS where that begins with mqtts";
                case MqttProtocolViolationException:
                    return $"what answers at {Address} does not speak MQTT 5: {e.Message}";
                default:
                    break;
            }
        }

        return problem.GetBaseException().Message;
    }

    private MqttClientOptionsBuilder New(string client)
    {
        MqttClientOptionsBuilder builder = new MqttClientOptionsBuilder()
            .WithTcpServer(Address.Host, Address.Port)
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId(client)
            .WithNoKeepAlive()
            .WithTimeout(Patience);
        if (Address.IsSecure)
        {
            builder.WithTlsOptions(Secure);
        }

        return Address.User is null ? builder : builder.WithCredentials(Address.User, Address.Password);
    }

    // Read anew for each connection: certificates are replaced before they expire.
    private void Secure(MqttClientTlsOptionsBuilder tls)
    {
        // Authorities of a plant's own publish no lists of what they revoked.
        tls.UseTls().WithTargetHost(Address.Host).WithRevocationMode(X509RevocationMode.NoCheck);
        if (_bridge.CertificateAuthority is { } authority)
        {
            tls.WithTrustChain(BridgeCertificates.Authorities(authority));
        }

        if (_bridge.Certificate is { } certificate)
        {
            tls.WithClientCertificates([BridgeCertificates.Client(certificate, _bridge.CertificateKey)]);
        }
    }
}
