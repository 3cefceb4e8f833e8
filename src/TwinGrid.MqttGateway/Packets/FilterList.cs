using System.Buffers.Binary;
using System.Collections;
using System.Text;

namespace TwinGrid.MqttGateway.Packets;

/// <summary>
/// The filters of a SUBSCRIBE or UNSUBSCRIBE, made into objects when they are looked at and not before: a packet of
/// 256 KiB may name 65,000 of them, and a session takes a few. Immutable.
/// </summary>
internal sealed class FilterList<T> : IReadOnlyList<T>
{
    private readonly byte[] _entries;
    private readonly int[] _starts;
    private readonly int _optionBytes;
    private readonly Func<string, byte, T> _decode;

    /// <summary>Keeps a copy of entries that were checked.</summary>
    /// <param name="entries">Each a text with its length, then its options.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="optionBytes">Bytes of options: 0 or 1.</param>
    /// <param name="decode">Makes an element of a filter and its options (0 without any).</param>
    public FilterList(ReadOnlySpan<byte> entries, int count, int optionBytes, Func<string, byte, T> decode)
    {
        _entries = entries.ToArray();
        _starts = new int[count];
        _optionBytes = optionBytes;
        _decode = decode;
        for (int i = 1; i < count; i++)
        {
            _starts[i] = End(_starts[i - 1]) + optionBytes;
        }
    }

    public int Count => _starts.Length;

    public T this[int index]
    {
        get
        {
            int start = _starts[index];
            int end = End(start);
            string filter = Encoding.UTF8.GetString(_entries.AsSpan()[(start + sizeof(ushort))..end]);
            return _decode(filter, _optionBytes == 0 ? (byte)0 : _entries[end]);
        }
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int End(int start) =>
        start + sizeof(ushort) + BinaryPrimitives.ReadUInt16BigEndian(_entries.AsSpan(start));
}
