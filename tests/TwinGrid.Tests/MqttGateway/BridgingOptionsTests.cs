using TwinGrid.MqttGateway;
using TwinGrid.MqttGateway.Bridging;

namespace TwinGrid.Tests.MqttGateway;

public class BridgingOptionsTests
{
    [Theory]
    [InlineData("mqtt://broker", "broker", 1883, null, null)]
    [InlineData("mqtt://127.0.0.1:18830/", "127.0.0.1", 18830, null, null)]
    [InlineData("mqtt://grid:s%40cret@[::1]:1884", "::1", 1884, "grid", "s@cret")]
    [InlineData("mqtt://grid@broker.example", "broker.example", 1883, "grid", null)]
    [InlineData("mqtts://broker.example", "broker.example", 8883, null, null)]
    public void A_brokers_address_has_a_host_perhaps_a_port_and_whoever_connects(
        string text, string host, int port, string? user, string? password)
    {
        BridgeAddress address = BridgeAddress.Parse(text, out string? wrong)!;
        Assert.Null(wrong);
        Assert.Equal((host, port, user, password), (address.Host, address.Port, address.User, address.Password));
        Assert.DoesNotContain("cret", address.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("broker:1883", "'broker' is not the scheme mqtt or mqtts")]
    [InlineData("broker", "not the address of a broker")]
    [InlineData("http://broker", "'http' is not the scheme mqtt")]
    [InlineData("mqtts://:secret@broker", "a password without a user")]
    [InlineData("mqtt://broker/twins", "more than host and port")]
    [InlineData("mqtt://grid:secret@broker:99999", "not the address of a broker")]
    public void A_wrong_address_is_named_without_what_is_secret_in_it(string server, string expected)
    {
        string problem = Assert.Single(Problems(bridge => bridge.Server = server));
        Assert.StartsWith($"TwinGrid:Mqtt:Bridge:Server: {expected}", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("twins/#", "'twins/#' matches twins/+/+/state, which the grid itself publishes")]
    [InlineData("#", "'#' matches twins/+/+/state")]
    [InlineData("twins/pump/+/properties/+", "matches twins/+/+/properties/desired")]
    [InlineData("twins/pump/#/telemetry", "is not a topic filter")]
    [InlineData("spBv1.0/#", "is not a topic filter")]
    [InlineData("$share/grid/twins/+/+/telemetry", "is shared, which does not keep the order of a topic")]
    [InlineData("twins/+/+/telemetry, twins/pump/+/telemetry/#", "and 'twins/pump/+/telemetry/#' overlap")]
    public void Topics_that_would_come_twice_or_come_back_are_named(string topics, string expected)
    {
        string problem = Assert.Single(Problems(bridge => bridge.Topics = topics));
        Assert.StartsWith("TwinGrid:Mqtt:Bridge:Topics: ", problem, StringComparison.Ordinal);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_cannot_be_read_or_would_not_be_used_is_named()
    {
        Assert.Equal(
            "TwinGrid:Mqtt:Bridge:CertificateAuthority: nothing is encrypted with mqtt://: write mqtts:// in "
            + "TwinGrid:Mqtt:Bridge:Server",
            Assert.Single(Problems(bridge => bridge.CertificateAuthority = "any.pem")));
        string nothing = Path.Combine(Path.GetTempPath(), "twingrid-there-is-no-such-file.pem");
        Assert.StartsWith(
            $"TwinGrid:Mqtt:Bridge:Certificate: '{nothing}' cannot be read: ",
            Assert.Single(Problems(bridge => (bridge.Server, bridge.Certificate) = ("mqtts://broker", nothing))),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "TwinGrid:Mqtt:Bridge:CertificateKey: a key without a certificate",
            Assert.Single(Problems(bridge => (bridge.Server, bridge.CertificateKey) = ("mqtts://broker", nothing))),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mqtt://localhost", 1883, true)]
    [InlineData("mqtt://[::1]:1884", 1884, true)]
    [InlineData("mqtt://127.0.0.1:1884", 1883, false)]
    [InlineData("mqtt://127.0.0.1", -1, false)]
    [InlineData("mqtt://broker.example", 1883, false)]
    public void A_grid_cannot_be_its_own_outside_broker(string server, int port, bool isRefused)
    {
        MqttOptions options = new() { Port = port };
        options.Bridge.Server = server;
        IEnumerable<string> failures = new MqttOptions.Validator().Validate(null, options).Failures ?? [];
        Assert.Equal(isRefused, failures.Any(failure => failure.Contains("own listener", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_other_wrong_value_is_named_too()
    {
        IReadOnlyList<string> problems = Problems(bridge =>
        {
            bridge.ClientId = "a/b";
            bridge.ReceiveMaximum = 0;
            bridge.SessionExpiry = TimeSpan.Zero;
            bridge.Publish = (BridgedEffects)64;
        });
        Assert.Equal(
            ["ClientId", "ReceiveMaximum", "SessionExpiry", "Publish"],
            problems.Select(problem => problem.Split(':')[3]));
    }

    [Fact]
    public void Filters_of_one_kind_each_do_not_overlap() =>
        Assert.Empty(Problems(bridge => bridge.Topics =
            "twins/pump/+/telemetry/#, twins/valve/+/telemetry/#, site/+/+, twins/+/+/results/+"));

    private static IReadOnlyList<string> Problems(Action<MqttBridgeOptions> set)
    {
        MqttOptions options = new() { Port = -1 };
        options.Bridge.Server = "mqtt://127.0.0.1";
        set(options.Bridge);
        return [.. new MqttOptions.Validator().Validate(null, options).Failures ?? []];
    }
}
