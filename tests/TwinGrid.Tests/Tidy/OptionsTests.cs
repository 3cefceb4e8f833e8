using System.Globalization;
using System.Text.RegularExpressions;
using TwinGrid.Hosting;
using TwinGrid.Hosting.Api;
using TwinGrid.Hosting.Roles;
using TwinGrid.Hosting.Security;
using TwinGrid.Hosting.Settings;
using TwinGrid.MqttGateway;
using TwinGrid.MqttGateway.Bridging;
using TwinGrid.Storage;
using TwinGrid.Twins.Control;
using TwinGrid.Twins.Ingest;

namespace TwinGrid.Tests.Tidy;

/// <summary>The table of options in the README is that of the code.</summary>
public sealed partial class OptionsTests
{
    // Names what the start works out: all roles, the host's name, what depends on the listener.
    private static readonly string[] WorkedOut = ["Roles", "Cluster:SiloName", "Ingest:NewTwins"];

    private static readonly (string Section, object Options)[] Defaults =
    [
        ("", new TwinGridOptions()),
        ("Storage:", new StorageOptions()),
        ("Mqtt:", new MqttOptions()),
        ("Mqtt:Bridge:", new MqttBridgeOptions()),
        ("Ingest:", new IngestOptions()),
        ("Control:", new ControlOptions()),
        ("Http:", new HttpOptions()),
        ("Security:", new SecurityOptions()),
        ("Limits:", new LimitOptions()),
        ("Cluster:", new GridClusterOptions()),
    ];

    private static readonly Dictionary<string, string> Documented = Row().Matches(Repository.Read("README.md"))
        .ToDictionary(match => match.Groups["key"].Value, match => match.Groups["default"].Value.Trim('`'));

    [Fact]
    public void Every_key_stands_in_the_README_and_no_other() =>
        Assert.Equal(SettingsTable.All.Select(setting => setting.Key).Order(), Documented.Keys.Order());

    [Fact]
    public void Every_default_in_the_README_is_the_one_of_the_code() => Assert.All(
        from section in Defaults
        from property in section.Options.GetType().GetProperties()
        let key = section.Section + property.Name
        where Documented.ContainsKey(key) && !WorkedOut.Contains(key)
        select (Key: key, Default: property.GetValue(section.Options)),
        option => Assert.Equal(
            $"{option.Key} = {Text(option.Default)}", $"{option.Key} = {Said(option.Key, option.Default)}"));

    // 60s and 1m are one duration.
    private static string Said(string key, object? value) =>
        value is Duration ? Duration.Parse(Documented[key]).ToString() : Documented[key];

    private static string Text(object? value) => value switch
    {
        null => "none",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    [GeneratedRegex(@"^\| `(?<key>[A-Z][\w:]*)` \| (?<default>[^|]*?) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
