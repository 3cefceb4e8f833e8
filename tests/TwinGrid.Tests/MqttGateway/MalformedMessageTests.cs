using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using static MQTTnet.MqttClientPublishReasonCode;

namespace TwinGrid.Tests.MqttGateway;

/// <summary>
/// The bad input of payloads and topics: each ends in one counted place, and the next message is applied.
/// </summary>
public class MalformedMessageTests
{
    private const string Telemetry = "twins/turbine/t07/telemetry";
    private const string Result = "twins/turbine/t07/results/1";

    private static readonly DroppedReading TooStrong =
        new("power", ReadingOutcome.OutOfRange, "9999 is above 3600");

    /// <summary>Topic, payload, the dead letter's reason, the MQTT 5 reason code.</summary>
    public static TheoryData<string, string, string, MqttClientPublishReasonCode> Unusable() => new()
    {
        { Telemetry, "", "malformed-json", PayloadFormatInvalid },
        { Telemetry, "{", "malformed-json", PayloadFormatInvalid },
        { Telemetry, new string('[', 10_000), "malformed-json", PayloadFormatInvalid },
        { Telemetry, """{"t":1,"t":2}""", "malformed-json", PayloadFormatInvalid },
        { Telemetry, """{"t":NaN}""", "malformed-json", PayloadFormatInvalid },
        { Telemetry, """{"t":Infinity}""", "malformed-json", PayloadFormatInvalid },
        { Telemetry, """{"t":1e-400}""", "not-finite", PayloadFormatInvalid },
        { Telemetry, """{"t":9007199254740993}""", "not-finite", PayloadFormatInvalid },
        { Telemetry, $"{{\"t\":{new string('7', 100_000)}}}", "not-finite", PayloadFormatInvalid },
        { Telemetry, "\uFEFF{\"t\":1}", "malformed-json", PayloadFormatInvalid },
        { Telemetry, """{"t":"\uD800"}""", "malformed-json", PayloadFormatInvalid },
        { Telemetry, $"[{string.Join(',', Enumerable.Repeat("1", 100_000))}]", "malformed-json", PayloadFormatInvalid },
        { Telemetry, $"{{\"{new string('k', 200_000)}\":1}}", "malformed-reading", PayloadFormatInvalid },
        { Telemetry, """{"t":1} {"t":2}""", "malformed-json", PayloadFormatInvalid },
        { Telemetry, """{"t":1}garbage""", "malformed-json", PayloadFormatInvalid },
        { Telemetry, """{"t":[1,2]}""", "malformed-reading", PayloadFormatInvalid },
        { Telemetry, """{"t":{"value":1,"unit":5}}""", "wrong-unit", PayloadFormatInvalid },
        { Telemetry, """{"t":1,"ts":0}""", "bad-time", PayloadFormatInvalid },
        { Telemetry, """{"t":1,"ts":-1}""", "bad-time", PayloadFormatInvalid },
        { Telemetry, """{"t":1,"ts":1779006600}""", "bad-time", PayloadFormatInvalid },
        { Telemetry, """{"t":1,"ts":"2026-02-30T00:00:00Z"}""", "bad-time", PayloadFormatInvalid },
        { Telemetry, """{"t":1,"ts":"2026-03-29T02:30:00"}""", "bad-time", PayloadFormatInvalid },
        { Telemetry, """{"t":1,"seq":-1}""", "malformed-reading", PayloadFormatInvalid },
        { Telemetry, """{"$type":"System.Object"}""", "malformed-reading", PayloadFormatInvalid },
        { Telemetry, """{"<script>alert(1)</script>":1}""", "malformed-reading", PayloadFormatInvalid },
        { Telemetry, """{"\u202E\u001b[31m":1}""", "malformed-reading", PayloadFormatInvalid },
        { Telemetry, $"{{\"t\":\"{new string('x', 5_000)}\"}}", "over-limit", PayloadFormatInvalid },
        { Telemetry, "{}", "malformed-json", PayloadFormatInvalid },
        { Telemetry, "21.5", "malformed-json", PayloadFormatInvalid },
        { Telemetry, "<xml/>", "malformed-json", PayloadFormatInvalid },
        { Telemetry + "/t", "on", "malformed-scalar", PayloadFormatInvalid },
        { Telemetry + "/t", "", "malformed-scalar", PayloadFormatInvalid },
        { Telemetry + "/t", "NaN", "malformed-scalar", PayloadFormatInvalid },
        { Telemetry + "/a b", "1", "unknown-topic", TopicNameInvalid },
        { "twins/turbine/t07/online", "maybe", "malformed-online", PayloadFormatInvalid },
        { "twins/turbine/t07/properties/reported", "[]", "malformed-properties", PayloadFormatInvalid },
        { "twins/turbine/t07/properties/reported", """{"a":1e400}""", "not-finite", PayloadFormatInvalid },
        { Result, """{"status":"succeeded","result":[1e400]}""", "not-finite", PayloadFormatInvalid },
        { "twins/turbine/t07/properties/reported", "{\"a\":", "malformed-json", PayloadFormatInvalid },
        { Result, """{"status":"queued"}""", "malformed-result", PayloadFormatInvalid },
        { Result, """{"status":"done"}""", "malformed-result", PayloadFormatInvalid },
        { Result, """{"status":3}""", "malformed-result", PayloadFormatInvalid },
        { Result, """{"status":"failed","progress":1e400}""", "malformed-result", PayloadFormatInvalid },
        { Result, "{}", "malformed-result", PayloadFormatInvalid },
        { Result, "succeeded", "malformed-json", PayloadFormatInvalid },
        { "twins/turbine/t07/commands/derate", "{}", "grid-topic", NotAuthorized },
        { "twins/turbine/t07/state", "{}", "grid-topic", NotAuthorized },
        { "twins/turbine/t07/alarms/overheat", "{}", "grid-topic", NotAuthorized },
        { "twins/_grid/x/telemetry", """{"t":1}""", "reserved-topic", NotAuthorized },
        { "$SYS/broker/load", "1", "reserved-topic", NotAuthorized },
        { "twins/turbine/t07/forecasts/wind", "{}", "reserved-topic", TopicNameInvalid },
        { "home/kitchen/temperature", "21.5", "unknown-topic", TopicNameInvalid },
        { "twins/turbine/t07/weather", "{}", "unknown-topic", TopicNameInvalid },
        { "twins//t07/telemetry", """{"t":1}""", "unknown-topic", TopicNameInvalid },
        { "/twins/turbine/t07/telemetry", """{"t":1}""", "unknown-topic", TopicNameInvalid },
        { "twins/tur bine/t07/telemetry", """{"t":1}""", "unknown-topic", TopicNameInvalid },
        { $"twins/turbine/{new string('x', 60_000)}/telemetry", "{}", "unknown-topic", TopicNameInvalid },
    };

    [Fact]
    public async Task Each_unusable_message_is_one_dead_letter_and_the_next_message_is_applied()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device5 = await gateway.ConnectAsync("five");
        using IMqttClient device3 = await gateway.ConnectAsync("three", is5: false);
        int letters = 0;
        int applied = 0;
        foreach ((string topic, string payload, string reason, MqttClientPublishReasonCode code) in
            Unusable().Select(row => row.Data))
        {
            foreach (IMqttClient device in new[] { device5, device3 })
            {
                MqttClientPublishResult result = await device.PublishAsync(ListenerTests.Message(topic, payload));
                string row = $"{topic[..Math.Min(40, topic.Length)]} {payload[..Math.Min(40, payload.Length)]}";
                MqttClientPublishReasonCode expected =
                    device == device5 ? code : MqttClientPublishReasonCode.Success;
                Assert.True(expected == result.ReasonCode, $"{row}: {result.ReasonCode}");
                Assert.True(++letters == gateway.Store.Letters.Count, row);
                DeadLetter letter = gateway.Store.Letters[^1];
                Assert.Equal((reason, topic), (letter.Reason, letter.Topic));
                Assert.Equal(device == device5 ? "five" : "three", letter.Client);
                byte[] sent = Encoding.UTF8.GetBytes(payload);
                Assert.Equal(sent.Length, letter.Size);
                Assert.Equal(sent[..Math.Min(1_024, sent.Length)], letter.Sample.ToArray());
                Assert.NotEmpty(letter.Detail);

                await device.PublishAsync(ListenerTests.Message("twins/pump/p1/telemetry", "{\"n\":1}"));
                Assert.Equal(++applied, gateway.Twins.Readings("pump/p1").Count());
            }
        }

        Assert.Empty(gateway.Twins.Of("turbine/t07"));
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_one_dead_letter_each()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device = await gateway.ConnectAsync("device");
        byte[][] payloads =
        [
            [0x7B, 0x22, 0x61, 0x22, 0x3A, 0x22, 0xFC, 0x22, 0x7D], // Latin-1
            Encoding.Unicode.GetBytes("{\"a\":1}"),
            [0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00], // gzip
            [0xA1, 0x61, 0x61, 0x01], // CBOR
            [.. Enumerable.Repeat((byte)0xFF, 2_000)],
        ];
        foreach (byte[] payload in payloads)
        {
            MqttApplicationMessage message = ListenerTests.Message(Telemetry, "");
            message.PayloadSegment = payload;
            MqttClientPublishResult result = await device.PublishAsync(message);
            Assert.Equal(MqttClientPublishReasonCode.PayloadFormatInvalid, result.ReasonCode);
        }

        Assert.Equal(payloads.Length, gateway.Store.Letters.Count);
        Assert.Equal(1_024, gateway.Store.Letters[^1].Sample.Length);
        Assert.Equal(2_000, gateway.Store.Letters[^1].Size);
    }

    [Fact]
    public async Task Of_a_partly_usable_message_the_rest_leaves_a_line_per_reading()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Twins.Answer = _ => Task.FromResult(new IngestResult(IngestStatus.Accepted, 1, 1, 0, [TooStrong]));
        using IMqttClient device = await gateway.ConnectAsync("device");
        MqttClientPublishResult result = await device.PublishAsync(ListenerTests.Message(
            Telemetry, """{"windSpeed":7,"power":9999,"bad name":1,"tiny":1e-400}"""));
        Assert.Equal(MqttClientPublishReasonCode.Success, result.ReasonCode);
        Assert.Equal(["windSpeed=7 power=9999"], gateway.Twins.Readings("turbine/t07"));
        Assert.Equal(
            ["malformed-reading bad name", "not-finite tiny", "out-of-range power"],
            gateway.Store.Letters.Select(letter => $"{letter.Reason} {letter.Detail.Split(':')[0]}"));
    }

    [Fact]
    public async Task A_message_of_which_the_twin_uses_nothing_is_one_dead_letter()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        gateway.Twins.Answer = _ => Task.FromResult(new IngestResult(IngestStatus.Accepted, 1, 0, 0, [TooStrong]));
        using IMqttClient device = await gateway.ConnectAsync("device");
        MqttClientPublishResult result = await device.PublishAsync(
            ListenerTests.Message(Telemetry, """{"power":9999}"""));
        Assert.Equal(MqttClientPublishReasonCode.PayloadFormatInvalid, result.ReasonCode);
        Assert.Equal("power: 9999 is above 3600", Assert.Single(gateway.Store.Letters).Detail);
    }

    [Theory]
    [InlineData("application/senml+json")]
    [InlineData("application/cbor")]
    public async Task A_reserved_content_type_is_not_read_as_JSON(string contentType)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using IMqttClient device = await gateway.ConnectAsync("device");
        MqttApplicationMessage message = ListenerTests.Message(Telemetry, """[{"n":"t","v":1}]""");
        message.ContentType = contentType;
        await device.PublishAsync(message);
        Assert.Equal("content-type", Assert.Single(gateway.Store.Letters).Reason);
    }

    [Fact]
    public async Task A_decoder_that_throws_is_a_dead_letter_and_no_endless_delivery()
    {
        IngestMapping mapping = new() { Topic = "m/{key}", Payload = "throwing" };
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            [new TwinDefinition { Kind = "meter", Ingest = [mapping] }],
            services => services.AddPayloadDecoder<ThrowingDecoder>());
        using IMqttClient device = await gateway.ConnectAsync("device");
        await device.PublishAsync(ListenerTests.Message("m/m1", "x"));
        Assert.Equal("decoder-failed", Assert.Single(gateway.Store.Letters).Reason);
        Assert.True(device.IsConnected);
    }

    internal sealed class ThrowingDecoder : IPayloadDecoder
    {
        public string Format => "throwing";

        public string? Decode(ReadOnlySpan<byte> payload, in PayloadContext context, ReadingWriter readings)
        {
            readings.BeginMessage(new MessageHeader { Received = context.Received });
            throw new FormatException("a bug");
        }
    }
}
