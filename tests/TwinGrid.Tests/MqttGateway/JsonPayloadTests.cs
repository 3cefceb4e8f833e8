using System.Text;
using TwinGrid.MqttGateway.Decoding;

namespace TwinGrid.Tests.MqttGateway;

public class JsonPayloadTests
{
    [Theory]
    [InlineData("""{"temperature":21.5,"running":true,"state":"on","missing":null}""",
        "temperature=21.5 running=true state='on' missing=null(Bad)")]
    [InlineData("""{"a":1,"ts":1779006600125,"seq":7,"epoch":2,"source":"plc","historical":true}""",
        "source=plc epoch=2 seq=7 ts=1779006600125000 historical a=1")]
    [InlineData("""{"ts":1779006600125.25,"values":{"a":1,"ts":5}}""", "ts=1779006600125250 a=1 ts=5")]
    [InlineData("""[{"a":1,"seq":1},{"a":2,"seq":2}]""", "seq=1 a=1 | seq=2 a=2")]
    [InlineData("""{"ts":null,"seq":null,"source":null,"a":1}""", "a=1")]
    public void Messages_come_flat_with_values_or_as_a_batch(string payload, string expected) =>
        Assert.Equal(expected, Packed.Decode(payload));

    [Theory]
    [InlineData("""{"motor":{"temp":60,"shaft":{"rpm":1500}}}""", "motor.temp=60 motor.shaft.rpm=1500")]
    [InlineData("""{"motor.temp":60}""", "motor.temp=60")]
    [InlineData("""{"a":{"b":{"c":{"d":1}}}}""", "a.b.c.d=1")]
    [InlineData("""{"a":{"b":{"c":{"d":{"e":1},"f":2}}}}""", "a.b.c.f=2 | dropped a.b.c.d.e: Malformed")]
    [InlineData("""{"a":{"value":1,"min":0}}""", "a.value=1 a.min=0")]
    [InlineData("""{"a":{"lat":1,"lon":2,"speed":3}}""", "a.lat=1 a.lon=2 a.speed=3")]
    [InlineData("""{"a":1,"b":{}}""", "a=1 | dropped b: Malformed")]
    public void Other_objects_are_components_of_at_most_four_levels(string payload, string expected) =>
        Assert.Equal(expected, Packed.Decode(payload));

    [Theory]
    [InlineData("""{"a":{"value":21.5}}""", "a=21.5")]
    [InlineData("""{"a":{"value":70,"unit":"degreeFahrenheit","quality":"uncertain"}}""",
        "a=70[degreeFahrenheit](Uncertain)")]
    [InlineData("""{"a":{"value":1,"ts":"2026-05-17T08:30:00.125Z"},"b":2}""", "a=1@1779006600125000 b=2")]
    [InlineData("""{"a":{"value":null,"ts":1779006600125}}""", "a=null@1779006600125000(Bad)")]
    [InlineData("""{"a":{"value":1,"ts":1779006600},"b":2}""", "b=2 | dropped a: BadTime")]
    [InlineData("""{"a":{"value":1,"quality":"great"},"b":2}""", "b=2 | dropped a: Malformed")]
    [InlineData("""{"a":{"value":1,"unit":7},"b":2}""", "b=2 | dropped a: WrongUnit")]
    [InlineData("""{"a":{"value":{"x":1}},"b":2}""", "b=2 | dropped a: Malformed")]
    public void A_value_may_carry_its_own_time_quality_and_unit(string payload, string expected) =>
        Assert.Equal(expected, Packed.Decode(payload));

    [Theory]
    [InlineData("""{"p":{"lat":52.5,"lon":13.4}}""", "p=(52.5;13.4)")]
    [InlineData("""{"p":{"lat":52.5,"lon":13.4,"alt":34}}""", "p=(52.5;13.4;34)")]
    [InlineData("""{"p":{"lon":13.4,"lat":52.5,"ts":1779006600125}}""", "p=(52.5;13.4)@1779006600125000")]
    [InlineData("""{"p":{"type":"Point","coordinates":[13.4,52.5]}}""", "p=(52.5;13.4)")]
    [InlineData("""{"p":{"coordinates":[13.4,52.5,34],"type":"Point"}}""", "p=(52.5;13.4;34)")]
    [InlineData("""{"p":{"value":{"lat":1,"lon":2},"ts":1779006600125}}""", "p=(1;2)@1779006600125000")]
    [InlineData("""{"p":{"lat":91,"lon":0}}""", "dropped p: OutOfRange")]
    [InlineData("""{"p":{"lat":0,"lon":-180.5}}""", "dropped p: OutOfRange")]
    [InlineData("""{"p":{"lat":"52.5","lon":13.4}}""", "dropped p: Malformed")]
    [InlineData("""{"p":{"type":"LineString","coordinates":[[1,2],[3,4]]}}""", "dropped p: Malformed")]
    [InlineData("""{"p":{"type":"Point","coordinates":[1]}}""", "dropped p: Malformed")]
    [InlineData("""{"p":{"type":"Point","coordinates":[1,2,3,4]}}""", "dropped p: Malformed")]
    public void Positions_are_WGS_84_as_members_or_as_a_GeoJSON_Point(string payload, string expected) =>
        Assert.Equal(expected, Packed.Decode(payload));

    // AQD+/w== are the bytes 01 00 FE FF: the 16-bit integers 1 and -2. AACAPwAAAMA= are the singles 1 and -2.
    [Theory]
    [InlineData("""{"v":{"rate":25600,"values":[1,-2.5]}}""", "v=25600Hz*1:Float64:000000000000F03F00000000000004C0")]
    [InlineData("""{"v":{"rate":100,"format":"i16le","scale":0.5,"data":"AQD+/w=="}}""", "v=100Hz*0.5:Int16:0100FEFF")]
    [InlineData("""{"v":{"rate":100,"format":"i16le","data":"AQD+\/w=="}}""", "v=100Hz*1:Int16:0100FEFF")]
    [InlineData("""{"v":{"rate":100,"format":"f32le","scale":1,"data":"AACAPwAAAMA="}}""",
        "v=100Hz*1:Float32:0000803F000000C0")]
    [InlineData("""{"v":{"rate":0,"values":[1]}}""", "dropped v: Malformed")]
    [InlineData("""{"v":{"rate":100,"values":[]}}""", "dropped v: OverLimit")]
    [InlineData("""{"v":{"rate":100,"values":[1,"2"]}}""", "dropped v: Malformed")]
    [InlineData("""{"v":{"rate":100,"values":[1e999]}}""", "dropped v: NotFinite")]
    [InlineData("""{"v":{"rate":100,"format":"i16be","data":"AQD+/w=="}}""", "dropped v: Malformed")]
    [InlineData("""{"v":{"rate":100,"format":"i16le","data":"AQD+"}}""", "dropped v: Malformed")]
    [InlineData("""{"v":{"rate":100,"format":"i16le","data":"?"}}""", "dropped v: Malformed")]
    [InlineData("""{"v":{"rate":100,"format":"f32le","data":"AADAfw=="}}""", "dropped v: NotFinite")]
    public void Waveform_blocks_come_as_numbers_or_as_base64(string payload, string expected) =>
        Assert.Equal(expected, Packed.Decode(payload));

    // 2^53 = 9007199254740992 is the last integer of an unbroken row of doubles (IEEE 754).
    [Theory]
    [InlineData("9007199254740992", "a=9007199254740992")]
    [InlineData("9007199254740993", "dropped a: NotFinite")]
    [InlineData("9007199254740994", "a=9007199254740994")]
    [InlineData("-9007199254740993", "dropped a: NotFinite")]
    [InlineData("9223372036854775808", "a=9.223372036854776E+18")]
    [InlineData("9223372036854775807", "dropped a: NotFinite")]
    [InlineData("100000000000000000000000", "dropped a: NotFinite")]
    [InlineData("1e-400", "dropped a: NotFinite")]
    [InlineData("0e-400", "a=0")]
    [InlineData("-0", "a=-0")]
    [InlineData("5e-324", "a=5E-324")]
    [InlineData("1e999", "a=∞")]
    public void A_number_is_never_rounded_silently(string number, string expected)
    {
        string infinity = expected.Replace("∞", "Infinity", StringComparison.Ordinal);
        Assert.Equal(infinity, Packed.Decode($"{{\"a\":{number}}}"));
    }

    [Fact]
    public void A_number_of_a_hundred_thousand_digits_is_dropped() =>
        Assert.Equal("dropped a: NotFinite", Packed.Decode($"{{\"a\":{new string('9', 100_000)}}}"));

    [Theory]
    [InlineData("1a")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a..b")]
    [InlineData("$type")]
    [InlineData("<script>")]
    [InlineData("température")]
    public void A_name_that_breaks_the_rule_drops_its_reading_only(string name) =>
        Assert.Equal($"good=1 | dropped {name}: Malformed", Packed.Decode($"{{\"{name}\":5,\"good\":1}}"));

    [Theory]
    [InlineData("_a")]
    [InlineData("__proto__")]
    [InlineData("wind-speed")]
    [InlineData("T2")]
    public void Letters_digits_hyphens_and_underscores_make_a_name(string name) =>
        Assert.Equal($"{name}=5", Packed.Decode($"{{\"{name}\":5}}"));

    [Fact]
    public void A_name_has_at_most_128_characters()
    {
        string longest = new('a', 128);
        Assert.Equal($"{longest}=1", Packed.Decode($"{{\"{longest}\":1}}"));
        Assert.Equal($"b=1 | dropped {longest}…: Malformed", Packed.Decode($"{{\"{longest}a\":1,\"b\":1}}"));
    }

    [Fact]
    public void Escaped_names_and_texts_mean_what_they_stand_for() =>
        Assert.Equal("seq=3 abc='ü \"x\"'", Packed.Decode("""{"\u0061bc":"\u00fc \"x\"","s\u0065q":3}"""));

    [Fact]
    public void A_text_has_at_most_4_KiB()
    {
        string longest = new('x', 4_096);
        Assert.Equal($"a='{longest}'", Packed.Decode($"{{\"a\":\"{longest}\"}}"));
        Assert.Equal("b=1 | dropped a: OverLimit", Packed.Decode($"{{\"a\":\"{longest}x\",\"b\":1}}"));
    }

    [Theory]
    [InlineData("""{"a":1,"ts":1779006600}""", "dropped ts: BadTime")]
    [InlineData("""{"a":1,"seq":-1}""", "dropped seq: Malformed")]
    [InlineData("""{"a":1,"seq":1.5}""", "dropped seq: Malformed")]
    [InlineData("""{"a":1,"seq":"7"}""", "dropped seq: Malformed")]
    [InlineData("""{"a":1,"epoch":9223372036854775808}""", "dropped epoch: Malformed")]
    [InlineData("""{"a":1,"source":7}""", "dropped source: Malformed")]
    [InlineData("""{"a":1,"historical":"yes"}""", "dropped historical: Malformed")]
    [InlineData("""[{"a":1},{"a":2,"ts":0},7,{"a":3}]""", "a=1 | a=3 | dropped ts: BadTime | dropped [3]: Malformed")]
    [InlineData("""{"values":{"a":1},"b":2}""", "a=1 | dropped b: Malformed")]
    public void A_message_whose_own_words_are_wrong_is_dropped_whole(string payload, string expected) =>
        Assert.Equal(expected, Packed.Decode(payload));

    [Theory]
    [InlineData("", "empty")]
    [InlineData(" ", "malformed")]
    [InlineData("{", "malformed")]
    [InlineData("""{"a":NaN}""", "malformed")]
    [InlineData("""{"a":1}{"a":2}""", "malformed")]
    [InlineData("""{"a":1} x""", "malformed")]
    [InlineData("""{"a":1,}""", "malformed")]
    [InlineData("""{'a':1}""", "malformed")]
    [InlineData("""{"a":1}/*c*/""", "malformed")]
    [InlineData("\uFEFF{\"a\":1}", "malformed")]
    [InlineData("""{"a":1,"a":2}""", "twice")]
    [InlineData("""{"a":1,"\u0061":2}""", "twice")]
    [InlineData("""{"\u0061":1,"a":2}""", "twice")]
    [InlineData("""{"\u0061":1,"a\u0062":3,"\u0061":2}""", "twice")]
    [InlineData("""{"m":{"a":1,"b":{"x":1,"x":2}}}""", "twice")]
    [InlineData("""{"a":"\uD800"}""", "surrogate")]
    [InlineData("""{"\uDC00":1}""", "surrogate")]
    [InlineData("21.5", "expected an object")]
    [InlineData("\"text\"", "expected an object")]
    [InlineData("null", "expected an object")]
    [InlineData("{}", "no reading")]
    [InlineData("[]", "no reading")]
    [InlineData("""{"ts":1779006600125,"seq":3}""", "no reading")]
    public void A_document_that_is_no_message_is_refused_whole(string payload, string why)
    {
        string refusal = Packed.Decode(payload);
        Assert.StartsWith("refused: ", refusal, StringComparison.Ordinal);
        Assert.Contains(why, refusal, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void The_same_name_in_two_objects_is_no_repetition() =>
        Assert.Equal("m.a=1 n.a=2 a=3", Packed.Decode("""{"m":{"a":1},"n":{"a":2},"a":3}"""));

    [Theory]
    [InlineData(new byte[] { 0x7B, 0x22, 0x61, 0x22, 0x3A, 0x22, 0xFF, 0x22, 0x7D })]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00 })]
    [InlineData(new byte[] { 0x7B, 0x22, 0x61, 0x22, 0x3A, 0x22, 0xFC, 0x22, 0x7D })]
    public void Text_that_is_not_UTF_8_is_refused(byte[] payload) =>
        Assert.Equal("refused: the payload is not UTF-8", Packed.Decode(payload));

    [Fact]
    public void Depth_names_and_batches_have_their_limits()
    {
        string deep = string.Concat(Enumerable.Repeat("""{"a":""", 17)) + "1" + new string('}', 17);
        Assert.Contains("depth of 16", Packed.Decode(deep), StringComparison.Ordinal);
        Assert.Contains("depth of 16", Packed.Decode(new string('[', 10_000)), StringComparison.Ordinal);
        string Names(int count) =>
            "{" + string.Join(',', Enumerable.Range(0, count).Select(i => $"\"n{i}\":{i}")) + "}";
        Assert.StartsWith("n0=0 ", Packed.Decode(Names(512)), StringComparison.Ordinal);
        Assert.Contains("more than 512 names", Packed.Decode(Names(513)), StringComparison.Ordinal);
        string Batch(int count) => $"[{string.Join(',', Enumerable.Repeat("{\"a\":1}", count))}]";
        Assert.StartsWith("a=1 | a=1", Packed.Decode(Batch(1_000)), StringComparison.Ordinal);
        Assert.Contains("at most 1000", Packed.Decode(Batch(1_001)), StringComparison.Ordinal);
        Assert.Contains("at most 1000", Packed.Decode($"[{string.Join(',', Enumerable.Repeat("1", 100_000))}]"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_may_have_more_names_than_a_message() =>
        Assert.DoesNotContain("refused", Packed.Decode(
            $"[{string.Join(',', Enumerable.Repeat("{\"a\":1,\"b\":2}", 400))}]"), StringComparison.Ordinal);

    [Fact]
    public void Fifty_thousand_names_are_refused_in_no_time()
    {
        string many = "{" + string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"k{i}\":0")) + "}";
        byte[] payload = Encoding.UTF8.GetBytes(many);
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.Contains("more than 512 names", Packed.Decode(payload), StringComparison.Ordinal);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData("21.5", "t=21.5")]
    [InlineData(" true ", "t=true")]
    [InlineData("\"on\"", "t='on'")]
    [InlineData("null", "t=null(Bad)")]
    [InlineData("""{"value":21.5,"ts":1779006600125}""", "t=21.5@1779006600125000")]
    [InlineData("""{"lat":1,"lon":2}""", "t=(1;2)")]
    [InlineData("""{"temp":1}""", "t.temp=1")]
    [InlineData("[1]", "dropped t: Malformed")]
    public void A_scalar_is_the_value_of_the_telemetry_that_the_topic_names(string payload, string expected)
    {
        Assert.Equal(expected, Packed.Decode(payload, "t", decoder: new ScalarPayloadDecoder()));
        Assert.Equal(expected, Packed.Decode(payload, "t"));
    }

    [Theory]
    [InlineData("on")]
    [InlineData("NaN")]
    [InlineData("21,5")]
    [InlineData("")]
    public void Unquoted_text_is_refused_unless_the_kind_says_text(string payload) =>
        Assert.StartsWith("refused: ", Packed.Decode(payload, "t", decoder: new ScalarPayloadDecoder()),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("on", "t='on'")]
    [InlineData("21.5", "t='21.5'")]
    [InlineData("true", "t='true'")]
    [InlineData("\"on\"", "t='on'")]
    [InlineData("\"on", "t='\"on'")]
    [InlineData("null", "t=null(Bad)")]
    [InlineData("""{"value":"on","quality":"bad"}""", "t='on'(Bad)")]
    public void Where_the_kind_says_text_the_payload_is_the_text(string payload, string expected)
    {
        TwinDefinition turbine = new()
        {
            Kind = "turbine",
            Telemetry = [new TelemetryDefinition { Name = "t", Type = TelemetryType.Text }],
        };
        Assert.Equal(expected, Packed.Decode(payload, "t", turbine, new ScalarPayloadDecoder()));
    }

    [Fact]
    public void A_message_of_numbers_booleans_texts_and_components_is_decoded_without_garbage()
    {
        byte[] payload = Encoding.UTF8.GetBytes(
            """{"ts":1779006600125,"seq":7,"power":1850.5,"running":true,"state":"on","motor":{"temp":60,"rpm":9}}""");
        ReadingWriter writer = new();
        JsonPayloadDecoder decoder = new();
        PayloadContext context = new(new TwinId("turbine", "t07"), null, Packed.Received, null);
        long Decode(int times)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < times; i++)
            {
                Assert.Null(decoder.Decode(payload, context, writer));
                writer.Clear();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Decode(100);

        // Less than one object per message, whose least size is 24 bytes; the run time's own few bytes are no matter.
        Assert.InRange(Decode(1_000), 0, 24 * 1_000);
    }
}
