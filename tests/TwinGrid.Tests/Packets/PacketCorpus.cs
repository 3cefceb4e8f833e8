using TwinGrid.MqttGateway.Packets;

namespace TwinGrid.Tests.Packets;

/// <summary>A valid packet.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Version">What its client speaks.</param>
/// <param name="Notation">Its bytes, see <see cref="Wire"/>.</param>
internal sealed record CorpusPacket(string Name, ProtocolVersion Version, string Notation)
{
    public byte[] Bytes => Wire.Bytes(Notation);
}

/// <summary>
/// Valid packets of a client: each type in both versions, each property at least once, the examples of the standards.
/// They are the seeds of truncation and mutation.
/// </summary>
internal static class PacketCorpus
{
    public static IReadOnlyList<CorpusPacket> All { get; } =
    [
        V311("CONNECT with nothing", "10 { s'MQTT' 04 02 0000 s'' }"),
        V311("CONNECT with a session that stays", "10 { s'MQTT' 04 00 003C s'plc-7' }"),
        V311("CONNECT of figure 3.6", "10 { s'MQTT' 04 CE 000A s'c' s'will/t' s'gone' s'user' s'secret' }"),
        V311("CONNECT with a retained will of QoS 2 without words", "10 { s'MQTT' 04 34 FFFF s'c' s'w' s'' }"),
        V311("CONNECT with a user and no password", "10 { s'MQTT' 04 82 001E s'c' s'' }"),
        V5("CONNECT with nothing", "10 { s'MQTT' 05 02 0000 { } s'' }"),
        V5("CONNECT of figure 3.6", "10 { s'MQTT' 05 CE 000A { 11 0000000A } s'c' { } s'w/t' s'gone' s'u' s'p' }"),
        V5("CONNECT with a password and no user", "10 { s'MQTT' 05 42 000A { } s'c' s'token' }"),
        V5("CONNECT with every property", """
            10 { s'MQTT' 05 EE 003C
            { 11 00000E10 21 0014 27 00010000 22 000A 19 01 17 00 26 s'a' s'b' 26 s'a' s'b' 15 s'GS2' 16 s'xyz' }
            s'client' { 18 0000000A 01 01 02 0000003C 03 s'text/plain' 08 s'reply/to' 09 s'id' 26 s'k' s'v' }
            s'will/t' s'gone' s'user' s'secret' }
            """),
        V5("CONNECT with a session for ever", "10 { s'MQTT' 05 00 003C { 11 FFFFFFFF 17 01 19 00 } s'\uFEFFü𪛔' }"),
        V311("PUBLISH of QoS 0", "30 { s'a/b' '21.5' }"),
        V311("PUBLISH without payload", "31 { s'a/b' }"),
        V311("PUBLISH of section 3.3.2.3", "32 { s'a/b' 000A }"),
        V311("PUBLISH of QoS 2, again and retained", "3D { s'twins/t/1/telemetry' FFFF '{\"x\":1}' }"),
        V5("PUBLISH of QoS 0", "30 { s'a/b' { } '21.5' }"),
        V5("PUBLISH of section 3.3.2.4", "32 { s'a/b' 000A { } }"),
        V5("PUBLISH by alias", "34 { s'' 0001 { 23 FFFF } '1' }"),
        V5("PUBLISH with every property", """
            3B { s'twins/t/1/telemetry' 0100
            { 01 01 02 0000003C 23 0001 08 s'reply' 09 s'cor' 26 s'k' s'' 26 s'' s'v' 03 s'application/json' }
            '{\"x\":1}' }
            """),
        V5("PUBLISH with 203 bytes of properties", $"30 {{ s'a/b' {{ 03 s'{new string('x', 200)}' }} 'y' }}"),
        V311("PUBACK", "40 { 0001 }"),
        V311("PUBREC", "50 { FFFF }"),
        V311("PUBREL", "62 { 0100 }"),
        V311("PUBCOMP", "70 { 00FF }"),
        V5("PUBACK", "40 { 0001 }"),
        V5("PUBACK with a reason", "40 { 0001 10 }"),
        V5("PUBACK with properties", "40 { 0001 99 { 1F s'not\u00A0JSON' 26 s'k' s'v' } }"),
        V5("PUBREC with no properties", "50 { 0001 00 { } }"),
        V5("PUBREL with a reason", "62 { 0001 92 }"),
        V5("PUBCOMP with properties", "70 { 0001 92 { 26 s'k' s'v' 1F s'who?' } }"),
        V311("SUBSCRIBE of section 3.8.3.1", "82 { 000A s'a/b' 01 s'c/d' 02 }"),
        V311("SUBSCRIBE to all", "82 { FFFF s'#' 00 }"),
        V5("SUBSCRIBE of section 3.8.3.1", "82 { 000A { } s'a/b' 01 s'c/d' 02 }"),
        V5("SUBSCRIBE with every option", """
            82 { 0001 { 0B FFFFFF7F 26 s'k' s'v' } s'a/+' 2E s'b/#' 19 s'$share/g/x' 0A s'ü' 00 }
            """),
        V311("UNSUBSCRIBE of section 3.10.3", "A2 { 000A s'a/b' s'c/d' }"),
        V5("UNSUBSCRIBE of section 3.10.3", "A2 { 000A { } s'a/b' s'c/d' }"),
        V5("UNSUBSCRIBE with properties", "A2 { 0001 { 26 s'k' s'v' } s'$share/g/+/x' }"),
        V311("PINGREQ", "C0 { }"),
        V5("PINGREQ", "C0 { }"),
        V311("DISCONNECT", "E0 { }"),
        V5("DISCONNECT", "E0 { }"),
        V5("DISCONNECT with the will", "E0 { 04 }"),
        V5("DISCONNECT with properties", "E0 { 00 { 11 00000000 1F s'bye' 26 s'k' s'v' } }"),
    ];

    private static CorpusPacket V311(string name, string notation) => new(name, ProtocolVersion.V311, notation);

    private static CorpusPacket V5(string name, string notation) => new(name, ProtocolVersion.V5, notation);
}
