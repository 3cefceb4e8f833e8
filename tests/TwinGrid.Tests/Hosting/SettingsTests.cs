using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
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

namespace TwinGrid.Tests.Hosting;

/// <summary>The section <c>TwinGrid</c>: every mistake is an error that names the key.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Mqtt:Prot", "1", "Mqtt:Prot is not a key; did you mean TwinGrid:Mqtt:Port?")]
    [InlineData("mqtt:adress", "::1", "mqtt:adress is not a key; did you mean TwinGrid:Mqtt:Address?")]
    [InlineData("Mqt:Port", "1", "Mqt:Port is not a key; did you mean TwinGrid:Mqtt:Port?")]
    [InlineData("Datadir", "x", "Datadir is not a key; the keys are listed")]
    [InlineData("Ingest:Acknowledge", "Applied", "Ingest:Acknowledge is not a key; did you mean TwinGrid:Mqtt:Ack")]
    [InlineData("Mqtt", "1883", "Mqtt is not a key")]
    [InlineData("Mqtt:Port", "abc", "Mqtt:Port is 'abc': expected a whole number from -1 to 65535")]
    [InlineData("Mqtt:Port", "65536", "Mqtt:Port is '65536': expected a whole number from -1 to 65535")]
    [InlineData("Mqtt:Port", "", "Mqtt:Port is ''")]
    [InlineData("Http:Port", "-1", "Http:Port is '-1': expected a whole number from 0 to 65535")]
    [InlineData("Http:Address", "here", "Http:Address is 'here': expected an IP address")]
    [InlineData("Http:OrleansDashboard", "yes", "Http:OrleansDashboard is 'yes': expected true or false")]
    [InlineData("Mqtt:TopicRoot", "a/b", "Mqtt:TopicRoot is 'a/b': expected a name")]
    [InlineData("Mqtt:Acknowledge", "Never", "Mqtt:Acknowledge is 'Never': expected one of Durable, Applied")]
    [InlineData("Mqtt:Bridge:Publish", "Wishes", "Mqtt:Bridge:Publish is 'Wishes': expected some of State,Predict")]
    [InlineData("Mqtt:Bridge:ReceiveMaximum", "0", "Mqtt:Bridge:ReceiveMaximum is '0': expected a whole number from 1")]
    [InlineData("Ingest:NewTwins", "All", "Ingest:NewTwins is 'All': expected one of Any, KnownKinds, Existing")]
    [InlineData("Ingest:LiveWindow", "60", "Ingest:LiveWindow is '60': expected a duration such as")]
    [InlineData("Control:Mode", "Maybe", "Control:Mode is 'Maybe': expected one of Off, Advise, Act")]
    [InlineData("Limits:Twins", "0", "Limits:Twins is '0': expected a whole number from 1")]
    [InlineData("Limits:HistoryKeep", "0s", "Limits:HistoryKeep is '0s': expected a duration longer than 0")]
    [InlineData("Limits:Twins", "1.5", "Limits:Twins is '1.5': expected a whole number from 1")]
    [InlineData("Storage:Provider", "Oracle", "Storage:Provider is 'Oracle': expected one of Sqlite, PostgreSql")]
    [InlineData("Cluster:Membership", "Redis", "Cluster:Membership is 'Redis': expected one of Localhost, PostgreSql")]
    [InlineData("Cluster:Membership", "Sqlite", "Cluster:Membership is 'Sqlite': the silos of a cluster keep")]
    [InlineData("Cluster:Membership", "PostgreSql", "Cluster:Membership is 'PostgreSql': the silos of a cluster keep")]
    [InlineData("Roles", "Gateway", "Roles is 'Gateway': a silo that is alone needs the role Twins")]
    [InlineData("Roles", "Gateway,Twins,Api,Cook", "Roles is 'Gateway,Twins,Api,Cook': expected some of Gateway,Tw")]
    [InlineData("Roles", "", "Roles is '': expected some of Gateway,Twins,Api")]
    public void A_wrong_key_or_value_is_named(string key, string value, string expected)
    {
        string problem = Assert.Single(SettingsCheck.Judge(Section((key, value))));
        Assert.StartsWith("TwinGrid:" + expected, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Roles", "Api, twins,Gateway")]
    [InlineData("Roles", "Twins")]
    [InlineData("MQTT:PORT", "-1")]
    [InlineData("Mqtt:Address", "localhost")]
    [InlineData("Http:Address", "::1")]
    [InlineData("Ingest:LiveWindow", "PT1M")]
    [InlineData("Limits:HistoryKeep", "400d")]
    [InlineData("Storage:Provider", "sqlite")]
    public void A_right_value_is_taken(string key, string value) =>
        Assert.Empty(SettingsCheck.Judge(Section((key, value))));

    [Fact]
    public void Every_mistake_is_told_at_once() =>
        Assert.Equal(3, SettingsCheck.Judge(Section(("Mqtt:Prot", "1"), ("Http:Port", "x"), ("Roles", "None"))).Count);

    [Fact]
    public void Every_option_has_a_key_and_every_key_is_read()
    {
        string[] options =
        [
            .. Keys<TwinGridOptions>(""), .. Keys<HttpOptions>("Http:"), .. Keys<GridClusterOptions>("Cluster:"),
            .. Keys<SecurityOptions>("Security:"), .. Keys<LimitOptions>("Limits:"),
            .. Keys<StorageOptions>("Storage:"),
            .. Keys<ControlOptions>("Control:"), .. Keys<MqttOptions>("Mqtt:"),
            .. Keys<IngestOptions>("Ingest:").Where(static key => key != "Ingest:Acknowledge"), // Mqtt:Acknowledge
            .. Keys<MqttBridgeOptions>("Mqtt:Bridge:"),
        ];
        Assert.Equal(options.Order(), SettingsTable.All.Select(static setting => setting.Key).Order());
    }

    [Fact]
    public void A_change_that_is_right_is_obeyed_at_once_and_a_wrong_one_changes_nothing()
    {
        ConfigurationManager configuration = new();
        configuration.AddInMemoryCollection([new("TwinGrid:Control:Mode", "Act")]);
        using GridSettings settings = new(configuration, NullLogger<GridSettings>.Instance);
        int changes = 0;
        Microsoft.Extensions.Primitives.ChangeToken.OnChange(settings.Changed, () => changes++);

        Change("Off");
        Assert.Equal(("Off", 1), (settings.Part("Control")["Mode"], changes));

        Change("Of");
        Assert.Equal(("Off", 1), (settings.Part("Control")["Mode"], changes));

        Change("Advise");
        Assert.Equal(("Advise", 2), (settings.Part("Control")["Mode"], changes));

        void Change(string mode)
        {
            configuration["TwinGrid:Control:Mode"] = mode;
            ((IConfigurationRoot)configuration).Reload();
        }
    }

    [Fact]
    public void A_section_that_is_wrong_at_the_start_gives_no_options()
    {
        ConfigurationManager configuration = new();
        configuration.AddInMemoryCollection([new("TwinGrid:Mqtt:Prot", "1")]);
        using GridSettings settings = new(configuration, NullLogger<GridSettings>.Instance);

        OptionsValidationException wrong = Assert.Throws<OptionsValidationException>(() => settings.Part("Mqtt"));

        string failure = Assert.Single(wrong.Failures);
        Assert.Equal("TwinGrid:Mqtt:Prot is not a key; did you mean TwinGrid:Mqtt:Port?", failure);
    }

    private static IEnumerable<string> Keys<TOptions>(string path) => typeof(TOptions)
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(static property => property.CanWrite)
        .Select(property => path + property.Name);

    private static IConfigurationSection Section(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(static setting =>
            KeyValuePair.Create($"TwinGrid:{setting.Key}", (string?)setting.Value)))
        .Build()
        .GetSection("TwinGrid");
}
