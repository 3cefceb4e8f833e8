namespace TwinGrid.MqttGateway.Packets;

/// <summary>A CONNECT (MQTT 5 section 3.1, MQTT 3.1.1 section 3.1). Immutable.</summary>
internal sealed record ConnectPacket
{
    public required ProtocolVersion Version { get; init; }

    /// <summary>The client's identifier; empty where it wants one.</summary>
    public required string ClientId { get; init; }

    /// <summary>Clean Start (MQTT 5), Clean Session (MQTT 3.1.1).</summary>
    public required bool CleanStart { get; init; }

    /// <summary>Seconds; 0 for none.</summary>
    public required ushort KeepAlive { get; init; }

    /// <summary>Seconds; MQTT 3.1.1: 0 with Clean Session, else 0xFFFFFFFF.</summary>
    public uint SessionExpiry { get; init; }

    /// <summary>How many QoS 1 and 2 messages the client takes at once; default 65,535.</summary>
    public ushort ReceiveMaximum { get; init; } = ushort.MaxValue;

    /// <summary>The largest packet that the client takes, in bytes; default without limit.</summary>
    public uint MaximumPacketSize { get; init; } = uint.MaxValue;

    /// <summary>False when the client wants no reason strings and user properties (Request Problem Information).</summary>
    public bool WantsProblemInformation { get; init; } = true;

    /// <summary>The authentication method, or null; the grid knows none yet.</summary>
    public string? AuthenticationMethod { get; init; }

    public string? UserName { get; init; }

    public ReadOnlyMemory<byte> Password { get; init; }

    public WillMessage? Will { get; init; }

    /// <summary>
    /// Reads what follows the fixed header, strictly: reserved flags, lengths, UTF-8 (no U+0000, no surrogates),
    /// properties (unknown, twice, out of range), trailing bytes.
    /// </summary>
    /// <param name="body">The packet without its fixed header.</param>
    /// <param name="packet">The packet, when there is no fault.</param>
    /// <param name="version">
    /// The level to answer in, also with a fault: null where the client does not speak MQTT at all (no protocol name)
    /// and is closed without a word; <see cref="ProtocolVersion.V311"/> for older levels (3), which are refused with
    /// <see cref="ReasonCode.UnsupportedProtocolVersion"/>; <see cref="ProtocolVersion.V5"/> for newer ones (6).
    /// </param>
    /// <returns>Null, or why it cannot be taken.</returns>
    public static PacketFault? Read(ReadOnlySpan<byte> body, out ConnectPacket? packet, out ProtocolVersion? version) =>
        throw new NotSupportedException();
}

/// <summary>What is published when its client goes without a word (MQTT 5 section 3.1.2.5). Immutable.</summary>
internal sealed record WillMessage
{
    /// <summary>The topic in UTF-8.</summary>
    public required ReadOnlyMemory<byte> Topic { get; init; }

    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>0, 1 or 2.</summary>
    public required byte Qos { get; init; }

    public bool Retain { get; init; }

    /// <summary>Seconds between the end of the connection and the will.</summary>
    public uint Delay { get; init; }

    /// <summary>The will's own properties, as they came (what a PUBLISH would carry); empty for none.</summary>
    public ReadOnlyMemory<byte> PublishProperties { get; init; }
}
