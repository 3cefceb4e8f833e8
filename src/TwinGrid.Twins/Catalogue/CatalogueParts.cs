using TwinGrid.Twins.Placement;

namespace TwinGrid.Twins.Catalogue;

/// <summary>Which part of the catalogue a twin is in.</summary>
internal static class CatalogueParts
{
    /// <summary>How many parts there are; written into every stored catalogue, so it never changes.</summary>
    public const int Count = 64;

    /// <summary>The grain key of the part of a twin.</summary>
    public static string KeyOf(TwinId twin) => Key(Shards.Of(twin) % Count);

    /// <summary>The grain keys of all parts.</summary>
    public static IEnumerable<string> Keys => Enumerable.Range(0, Count).Select(Key);

    private static string Key(int part) => $"{TwinId.DefaultTenant}/{part}";
}
