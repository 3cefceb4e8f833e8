using System.Buffers;
using System.Text;

namespace TwinGrid.Tests.Packets;

/// <summary>
/// Bytes as tests write them, separated by spaces: hexadecimal digits; <c>'a/b'</c> for text; <c>s'a/b'</c> for text
/// with its length of two bytes in front; <c>{ … }</c> for what follows its own length as a variable byte integer.
/// </summary>
internal static class Wire
{
    public static byte[] Bytes(string notation)
    {
        Queue<string> tokens = new(notation.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries));
        byte[] bytes = Block(tokens);
        Assert.Empty(tokens);
        return bytes;
    }

    /// <summary>A variable byte integer by the algorithm of section 1.5.5.</summary>
    public static byte[] Variable(int value)
    {
        List<byte> bytes = [];
        do
        {
            int digit = value % 128;
            value /= 128;
            bytes.Add((byte)(value > 0 ? digit | 128 : digit));
        }
        while (value > 0);

        return [.. bytes];
    }

    /// <summary>A packet of a first byte and what follows its fixed header.</summary>
    public static byte[] Packet(byte first, ReadOnlySpan<byte> body) => [first, .. Variable(body.Length), .. body];

    /// <summary>What is written.</summary>
    public static byte[] Written(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Block(Queue<string> tokens)
    {
        List<byte> bytes = [];
        while (tokens.TryDequeue(out string? token) && token != "}")
        {
            switch (token)
            {
                case "{":
                    byte[] inner = Block(tokens);
                    bytes.AddRange(Variable(inner.Length));
                    bytes.AddRange(inner);
                    break;
                case ['s', '\'', .., '\'']:
                    byte[] text = Encoding.UTF8.GetBytes(token[2..^1]);
                    bytes.AddRange((byte)(text.Length >> 8), (byte)text.Length);
                    bytes.AddRange(text);
                    break;
                case ['\'', .., '\'']:
                    bytes.AddRange(Encoding.UTF8.GetBytes(token[1..^1]));
                    break;
                default:
                    bytes.AddRange(Convert.FromHexString(token));
                    break;
            }
        }

        return [.. bytes];
    }
}
