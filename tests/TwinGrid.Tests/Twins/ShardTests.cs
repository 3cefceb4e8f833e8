using TwinGrid.Twins.Placement;

namespace TwinGrid.Tests.Twins;

public class ShardTests
{
    private static readonly string[] s_three = ["silo-0", "silo-1", "silo-2"];

    [Fact]
    public void Shards_are_dealt_evenly()
    {
        int[] sizes = [.. Owners(s_three).GroupBy(owner => owner).Select(shards => shards.Count())];

        // 4,096 shards on 3 silos: 1,365 each, standard deviation sqrt(4096 * 1/3 * 2/3) = 30; 5 of them are allowed.
        Assert.All(sizes, size => Assert.InRange(size, 1365 - 151, 1365 + 151));
    }

    [Fact]
    public void A_silo_that_leaves_moves_only_its_own_shards()
    {
        string[] before = Owners(s_three);
        string[] after = Owners(["silo-0", "silo-2"]);
        Assert.All(before.Zip(after), pair => Assert.True(pair.First == "silo-1" || pair.First == pair.Second));
    }

    [Fact]
    public void The_order_of_silos_does_not_matter() =>
        Assert.Equal(Owners(s_three), Owners([.. s_three.Reverse()]));

    [Fact]
    public void The_shard_of_a_twin_is_that_of_its_grain_key()
    {
        Assert.Equal(Shards.Of("default/turbine/t07"), Shards.Of(new TwinId("turbine", "t07")));
        Assert.InRange(Shards.Of(new TwinId("turbine", "t07")), 0, Shards.Count - 1);
    }

    private static string[] Owners(string[] silos) =>
        [.. Enumerable.Range(0, Shards.Count).Select(shard => Shards.Winner(shard, silos))];
}
