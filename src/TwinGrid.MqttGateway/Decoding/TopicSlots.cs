using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace TwinGrid.MqttGateway.Decoding;

/// <summary>
/// The slots of topics that lead to twins, found by the topic's bytes. Bounded in two generations: what the older one
/// holds and nobody used while the younger one filled is forgotten. Thread-safe.
/// </summary>
internal sealed class TopicSlots(TopicRouter router)
{
    /// <summary>The most topics of a generation.</summary>
    public const int MostTopics = 65_536;

    /// <summary>
    /// The most bytes of a generation's topics, 128 for each: so that long topics take no more memory than many.
    /// </summary>
    public const int MostBytes = 128 * MostTopics;

    private readonly Lock _turning = new();
    private volatile Generation _old = new();
    private volatile Generation _young = new();

    /// <summary>How many topics are kept.</summary>
    public int Count => _young.Topics.Count + _old.Topics.Count;

    /// <summary>The slot of a topic that came before, or null.</summary>
    public TopicSlot? Find(ReadOnlySpan<byte> topic)
    {
        if (_young.Find(topic) is { } slot)
        {
            return slot;
        }

        return _old.Find(topic) is { } known ? Keep(known) : null;
    }

    /// <summary>The slot of a topic, made where there is none; kept if the topic leads to a twin.</summary>
    public TopicSlot FindOrAdd(ReadOnlySpan<byte> topic)
    {
        if (Find(topic) is { } known)
        {
            return known;
        }

        string text = Encoding.UTF8.GetString(topic);
        TopicRoute route = router.Route(text);
        bool isTaken = route.Use != TopicUse.Refused;
        TopicSlot slot = new()
        {
            Topic = text,
            Utf8 = topic.ToArray(),
            Route = route,
            Address = isTaken ? new TwinAddress(route.Twin) : null,
        };
        return isTaken ? Keep(slot) : slot;
    }

    private TopicSlot Keep(TopicSlot slot)
    {
        Generation young = _young;
        TopicSlot kept = young.Topics.GetOrAdd(slot.Utf8, slot);
        if (ReferenceEquals(kept, slot) && young.IsFullWith(slot))
        {
            Turn(young);
        }

        return kept;
    }

    private void Turn(Generation full)
    {
        lock (_turning)
        {
            if (_young == full)
            {
                // In this order, so that whoever finds the new generation empty finds the full one behind it.
                _old = full;
                _young = new Generation();
            }
        }
    }

    private sealed class Generation
    {
        private readonly ConcurrentDictionary<byte[], TopicSlot>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;
        private int _count;
        private int _bytes;

        public Generation()
        {
            _byBytes = Topics.GetAlternateLookup<ReadOnlySpan<byte>>();
        }

        public ConcurrentDictionary<byte[], TopicSlot> Topics { get; } = new(TopicBytes.Comparer);

        public TopicSlot? Find(ReadOnlySpan<byte> topic) =>
            _byBytes.TryGetValue(topic, out TopicSlot? slot) ? slot : null;

        public bool IsFullWith(TopicSlot slot) =>
            Interlocked.Increment(ref _count) >= MostTopics
            | Interlocked.Add(ref _bytes, slot.Utf8.Length) >= MostBytes;
    }

    private sealed class TopicBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly TopicBytes Comparer = new();

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        /// <summary>
        /// The hash of texts, whose key is drawn anew in every process: clients choose topics, and must not be able to
        /// choose many of one hash. It takes pairs of bytes; an odd one comes on top.
        /// </summary>
        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            int hash = string.GetHashCode(MemoryMarshal.Cast<byte, char>(alternate));
            return (alternate.Length & 1) == 0 ? hash : (hash * 31) + alternate[^1];
        }
    }
}
