using System.Buffers;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// The rule for names of telemetry that a device may use: 1 to 4 levels joined by dots, each a letter or <c>_</c>,
/// then letters, digits, <c>_</c> and <c>-</c>; at most 128 characters in all. DTDL's rule, and the hyphen, which
/// devices like.
/// </summary>
internal static class TelemetryName
{
    public const int MaxLength = 128;
    public const int MaxLevels = 4;

    public const string Rule =
        "a name is 1 to 4 levels joined by dots, each a letter or _, then letters, digits, _ or -; up to 128 in all";

    private static readonly SearchValues<byte> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"u8);

    /// <summary>True when the bytes are such a name.</summary>
    public static bool IsValid(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > MaxLength)
        {
            return false;
        }

        int levels = 0;
        while (true)
        {
            int dot = name.IndexOf((byte)'.');
            ReadOnlySpan<byte> level = dot < 0 ? name : name[..dot];
            if (level.IsEmpty
                || ++levels > MaxLevels
                || !(char.IsAsciiLetter((char)level[0]) || level[0] == '_')
                || level.ContainsAnyExcept(Allowed))
            {
                return false;
            }

            if (dot < 0)
            {
                return true;
            }

            name = name[(dot + 1)..];
        }
    }
}
