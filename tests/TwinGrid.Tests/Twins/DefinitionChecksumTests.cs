using TwinGrid.Twins.Definitions;

namespace TwinGrid.Tests.Twins;

/// <summary>Contents of definitions decide what a log means: one that changed on the disk is refused.</summary>
public sealed class DefinitionChecksumTests
{
    [Fact]
    public void A_content_that_changed_is_refused_with_its_revision()
    {
        DefinitionHistoryState state = new();
        state.Add("level > 70");
        state.Add("level > 80");
        state.EnsureIntact("default/pump");

        state.Contents[1] = "level > 90";

        TwinGridException refused = Assert.Throws<TwinGridException>(() => state.EnsureIntact("default/pump"));
        Assert.Contains("default/pump, revision 2,", refused.Message, StringComparison.Ordinal);
        Assert.Contains("restore a backup", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_content_that_is_gone_is_refused()
    {
        DefinitionHistoryState state = new();
        state.Add("level > 70");
        state.Add("level > 80");

        state.Contents.RemoveAt(1);

        Assert.Throws<TwinGridException>(() => state.EnsureIntact("default/pump"));
    }

    [Fact]
    public void What_was_stored_without_checksums_is_taken_and_has_them_with_the_next_content()
    {
        DefinitionHistoryState older = new() { Contents = ["level > 70"] };
        older.EnsureIntact("default/pump");

        older.Add("level > 80");
        older.Contents[0] = "level > 71";

        Assert.Throws<TwinGridException>(() => older.EnsureIntact("default/pump"));
    }

    [Fact]
    public void A_content_that_was_not_stored_leaves_no_checksum()
    {
        DefinitionHistoryState state = new();
        state.Add("level > 70");
        state.Add("level > 80");

        state.TakeBack();

        state.EnsureIntact("default/pump");
        Assert.Equal(["level > 70"], state.Contents);
    }

    [Fact]
    public void The_checksum_is_CRC32C()
    {
        // RFC 3720 and the catalogue of CRCs: the check value of "123456789".
        DefinitionHistoryState state = new();
        state.Add("123456789");

        Assert.Equal([0xE3069283], state.Checksums);
    }
}
