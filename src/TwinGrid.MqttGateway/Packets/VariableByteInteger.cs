namespace TwinGrid.MqttGateway.Packets;

/// <summary>Numbers of one to four bytes, seven bits each, the low ones first (MQTT 5 section 1.5.5).</summary>
internal static class VariableByteInteger
{
    /// <summary>The largest that four bytes hold.</summary>
    public const uint Largest = 268_435_455;

    private const int MostBytes = 4;

    /// <summary>Reads a number.</summary>
    /// <param name="source">What has come so far.</param>
    /// <param name="value">The number, when it is whole.</param>
    /// <returns>
    /// How many bytes it took; 0 when more must come; -1 when it is none: longer than four bytes, or not the shortest
    /// form of its number (MQTT-1.5.5-1).
    /// </returns>
    public static int Read(ReadOnlySpan<byte> source, out uint value)
    {
        value = 0;
        for (int i = 0; i < MostBytes; i++)
        {
            if (i == source.Length)
            {
                return 0;
            }

            byte part = source[i];
            value |= (uint)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                return part == 0 && i > 0 ? -1 : i + 1;
            }
        }

        return -1;
    }

    /// <summary>How many bytes a number takes.</summary>
    public static int Length(uint value) => value switch
    {
        < 1 << 7 => 1,
        < 1 << 14 => 2,
        < 1 << 21 => 3,
        _ => 4,
    };

    /// <summary>Writes a number of at most <see cref="Largest"/> in its shortest form.</summary>
    /// <returns>How many bytes it took.</returns>
    public static int Write(Span<byte> destination, uint value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Largest);
        int at = 0;
        for (; value > 0x7F; value >>= 7)
        {
            destination[at++] = (byte)(value | 0x80);
        }

        destination[at++] = (byte)value;
        return at;
    }
}
