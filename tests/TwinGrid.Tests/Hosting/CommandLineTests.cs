using TwinGrid.Hosting;

namespace TwinGrid.Tests.Hosting;

/// <summary>A mistake behind the program's name stops it and is told; nothing of it is passed over.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("verfy", "'verfy'")]
    [InlineData("verify --reflod", "'--reflod'")]
    [InlineData("verify refold", "'refold'")]
    [InlineData("verify --reflod --TwinGrid:DataDirectory=d", "'--reflod'")]
    [InlineData("verify --twin", "--twin needs")]
    [InlineData("verify --refold --twin --TwinGrid:DataDirectory=d", "--twin needs")]
    [InlineData("--refold", "--refold goes with verify")]
    [InlineData("--twin a/b", "--twin goes with verify")]
    [InlineData("--TwinGrid:Limits:Twins", "--TwinGrid:Limits:Twins needs a value")]
    [InlineData("--TwinGrid:Limits:Twins --TwinGrid:Mqtt:Port=0", "--TwinGrid:Limits:Twins needs a value")]
    [InlineData("--TwnGrid:Mqtt:Port=0", "'--TwnGrid:Mqtt:Port=0'")]
    [InlineData("--TwinGrid:Mqtt:Port=0 verify", "'verify'")]
    [InlineData("-h", "'-h'")]
    public void What_is_no_word_of_the_program_is_named_with_what_there_is(string words, string named)
    {
        Assert.False(TwinGridCommandLine.TryParse(words.Split(' '), out _, out string? problem));
        Assert.Contains(named, problem, StringComparison.Ordinal);
        Assert.Contains("--TwinGrid:KEY=VALUE", problem, StringComparison.Ordinal);
        Assert.Contains("--refold and --twin KIND/KEY", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_are_written_with_a_sign_or_with_a_space()
    {
        string[] words =
            ["--TwinGrid:Mqtt:Port=0", "--TwinGrid:Http:Port", "-1", "--Logging:LogLevel:Default=Debug", "--urls=x"];
        Assert.True(TwinGridCommandLine.TryParse(words, out TwinGridCommandLine? line, out _));
        Assert.Equal(words, line.Settings);
        Assert.False(line.Verifies);
    }

    [Fact]
    public void Verify_takes_its_options_and_settings_in_any_order()
    {
        string[] words = ["verify", "--TwinGrid:DataDirectory=d", "--twin", "pump/p1", "--refold"];
        Assert.True(TwinGridCommandLine.TryParse(words, out TwinGridCommandLine? line, out _));
        Assert.Equal((true, true, "pump/p1"), (line.Verifies, line.Refolds, line.Twin));
        Assert.Equal(["--TwinGrid:DataDirectory=d"], line.Settings);
    }
}
