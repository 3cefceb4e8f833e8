using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace TwinGrid.Twins.Placement;

/// <summary>
/// Twins are dealt into 4,096 shards by a stable hash, and each shard to a silo by rendezvous hashing (Thaler and
/// Ravishankar, 1998) on silo names, so that every process computes the same place without a lookup and a silo that
/// comes or goes moves only its own share.
/// </summary>
internal static class Shards
{
    /// <summary>How many shards there are.</summary>
    public const int Count = 4096;

    /// <summary>The shard of a twin.</summary>
    public static int Of(TwinId twin) => Of(twin.ToGrainKey());

    /// <summary>The shard of a grain key.</summary>
    public static int Of(string grainKey) => (int)(Hash(grainKey, 0) & (Count - 1));

    /// <summary>The silo name that wins a shard.</summary>
    public static string Winner(int shard, IEnumerable<string> siloNames) =>
        siloNames.MaxBy(name => (Hash(name, shard), name))
        ?? throw new ArgumentException("no silo to place a shard on", nameof(siloNames));

    private static ulong Hash(string text, long seed) =>
        XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text.AsSpan()), seed);
}
