namespace TwinGrid.Tests.Conformance;

/// <summary>The reason and return codes that a server may send, by packet (tables of sections 3.2 to 3.14).</summary>
internal static class ReasonTable
{
    public static void AssertAllowed(int level, RawPacket packet)
    {
        (string? allowed, IEnumerable<byte> codes) = packet switch
        {
            ConnAck it when level == 4 => ("00 01 02 03 04 05", [it.Code]),
            ConnAck it => (
                "00 80 81 82 83 84 85 86 87 88 89 8A 8C 90 95 97 99 9A 9B 9C 9D 9F", [it.Code]),
            Answer { Kind: PacketKind.PubAck or PacketKind.PubRec } it => (
                "00 10 80 83 87 90 91 97 99", [it.Reason]),
            Answer it => ("00 92", [it.Reason]),
            SubAck { Kind: PacketKind.SubAck } it when level == 4 => ("00 01 02 80", it.Codes),
            SubAck { Kind: PacketKind.SubAck } it => ("00 01 02 80 83 87 8F 91 97 9E A1 A2", it.Codes),
            SubAck it => ("00 11 80 83 87 8F 91", it.Codes),
            Disconnect it => (
                "00 80 81 82 83 87 89 8B 8D 8E 8F 90 93 94 95 96 97 98 99 9A 9B 9C 9D 9E 9F A0 A1 A2", [it.Reason]),
            _ => ((string?)null, Array.Empty<byte>()),
        };
        foreach (byte code in codes)
        {
            Assert.True(
                Convert.FromHexString(allowed!.Replace(" ", "", StringComparison.Ordinal)).Contains(code),
                $"{packet.Kind} carries the code {code:X2}");
        }
    }
}
