using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text;

namespace TwinGrid.Twins.Definitions;

/// <summary>
/// The telemetry names of a kind: the declared ones found by their UTF-8 bytes without making a string, others
/// interned, so that a million twins hold each name once. Thread-safe.
/// </summary>
internal sealed class NameTable
{
    // A kind whose twins bring ever new names stops being interned; each twin's own limit bounds it then.
    private const int MostInterned = 4096;

    private readonly ConcurrentDictionary<string, string> _interned = new(StringComparer.Ordinal);
    private readonly FrozenDictionary<string, int> _slots;
    private readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _byChars;

    public NameTable(IEnumerable<string> names)
    {
        _slots = names
            .Select((name, slot) => KeyValuePair.Create(name, slot))
            .ToFrozenDictionary(StringComparer.Ordinal);
        _byChars = _slots.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The slot of a declared name, or -1.</summary>
    public int Find(string name) => _slots.TryGetValue(name, out int slot) ? slot : -1;

    /// <summary>The slot of a declared name in UTF-8, or -1.</summary>
    public int Find(ReadOnlySpan<byte> utf8)
    {
        // Longer names than this are never declared: DTDL allows 512 bytes, four levels of components more.
        Span<char> chars = stackalloc char[256];
        return utf8.Length <= chars.Length
            && Encoding.UTF8.TryGetChars(utf8, chars, out int length)
            && _byChars.TryGetValue(chars[..length], out int slot)
            ? slot
            : -1;
    }

    /// <summary>One string for an undeclared name.</summary>
    public string Intern(ReadOnlySpan<byte> utf8)
    {
        Span<char> chars = stackalloc char[256];
        if (utf8.Length > chars.Length || !Encoding.UTF8.TryGetChars(utf8, chars, out int length))
        {
            return Encoding.UTF8.GetString(utf8);
        }

        var lookup = _interned.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(chars[..length], out string? known))
        {
            return known;
        }

        string name = chars[..length].ToString();
        return _interned.Count < MostInterned ? _interned.GetOrAdd(name, name) : name;
    }
}
