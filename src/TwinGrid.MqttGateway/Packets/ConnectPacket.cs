namespace TwinGrid.MqttGateway.Packets;

/// <summary>A CONNECT (MQTT 5 section 3.1, MQTT 3.1.1 section 3.1). Immutable.</summary>
internal sealed record ConnectPacket
{
    private const int ReservedFlag = 0x01;
    private const int CleanStartFlag = 0x02;
    private const int PasswordFlag = 0x40;
    private const int UserNameFlag = 0x80;

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

    /// <summary>False when the client wants no reason strings and no user properties but in a PUBLISH.</summary>
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
    public static PacketFault? Read(ReadOnlySpan<byte> body, out ConnectPacket? packet, out ProtocolVersion? version)
    {
        packet = null;
        FieldReader reader = new(body);
        version = ReadVersion(ref reader);
        int flags = reader.ReadByte();
        ushort keepAlive = reader.ReadUInt16();
        if (reader.Fault is null)
        {
            reader.Fail(CheckFlags(flags, version));
        }

        ConnectProperties properties = ConnectProperties.Read(ref reader, version, (flags & CleanStartFlag) != 0);
        string clientId = reader.ReadString();
        WillMessage? will = (flags & WillMessage.Flag) != 0 ? WillMessage.Read(ref reader, flags, version) : null;
        string? userName = (flags & UserNameFlag) != 0 ? reader.ReadString() : null;
        byte[] password = (flags & PasswordFlag) != 0 ? reader.ReadBytes().ToArray() : [];
        reader.End();
        if (reader.Fault is { } fault)
        {
            return fault;
        }

        packet = new ConnectPacket
        {
            Version = version!.Value,
            ClientId = clientId,
            CleanStart = (flags & CleanStartFlag) != 0,
            KeepAlive = keepAlive,
            SessionExpiry = properties.SessionExpiry,
            ReceiveMaximum = properties.ReceiveMaximum,
            MaximumPacketSize = properties.MaximumPacketSize,
            WantsProblemInformation = properties.WantsProblemInformation,
            AuthenticationMethod = properties.AuthenticationMethod,
            UserName = userName,
            Password = password,
            Will = will,
        };
        return null;
    }

    private static ProtocolVersion? ReadVersion(ref FieldReader reader)
    {
        ReadOnlySpan<byte> name = reader.ReadBytes();
        bool mqtt = name.SequenceEqual("MQTT"u8);
        if (!mqtt && !name.SequenceEqual("MQIsdp"u8))
        {
            reader.Fail(ReasonCode.MalformedPacket, "The protocol name is not MQTT.");
            return null;
        }

        int level = reader.ReadByte();
        if (reader.Fault is not null)
        {
            return null;
        }

        if (mqtt && level is (int)ProtocolVersion.V311 or (int)ProtocolVersion.V5)
        {
            return (ProtocolVersion)level;
        }

        reader.Fail(
            ReasonCode.UnsupportedProtocolVersion, $"Protocol level {level} is not spoken here; 4 (3.1.1) and 5 are.");

        // A bridge of mosquitto says that it is one in the highest bit, and tries again without it when it is refused
        // in the words of its own level.
        return !mqtt || (level & 0x7F) <= (int)ProtocolVersion.V311 ? ProtocolVersion.V311 : ProtocolVersion.V5;
    }

    private static PacketFault? CheckFlags(int flags, ProtocolVersion? version)
    {
        string? wrong = flags switch
        {
            _ when (flags & ReservedFlag) != 0 => "The reserved connect flag is set (MQTT-3.1.2-3).",
            _ when WillMessage.CheckFlags(flags) is { } will => will,
            _ when version == ProtocolVersion.V311 && (flags & (UserNameFlag | PasswordFlag)) == PasswordFlag =>
                "A password without a user name (MQTT 3.1.1, MQTT-3.1.2-22).",
            _ => null,
        };
        return wrong is null ? null : new PacketFault(ReasonCode.MalformedPacket, wrong);
    }
}
